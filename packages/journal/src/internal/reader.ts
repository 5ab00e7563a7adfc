/**
 * What a store holds, for whoever asks.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ends } from "../ExitRecord.js"
import { isAskedFor } from "./query.js"
import type { Query, Reader } from "./service.js"
import type { Surroundings } from "./setting.js"
import type { ReadStore } from "./store.js"
import { stateOf } from "./unfinished.js"

export const makeReader = (store: ReadStore, surroundings: Surroundings | undefined): Reader => {
  const askedFor =
    (read: ReadStore["read"]) =>
    (query: Query = {}) =>
      Stream.filter(read(query), isAskedFor(query))
  const newestFirst = askedFor(store.newestFirst)
  return {
    records: askedFor(store.read),
    newestFirst,
    follow: askedFor(store.follow),
    lastExit: (identity) => Stream.runHead(newestFirst({ identity, events: ends })),
    unfinished: (identity) => {
      if (surroundings === undefined) return Effect.succeed([])
      return Effect.gen(function* () {
        const open = (yield* store.open).filter((start) => identity === undefined || start.identity === identity)
        const found = yield* Effect.forEach(open, stateOf(surroundings))
        if (found.every(({ state }) => state === "watched")) return found
        // Whoever was to record an end may have done so, and gone, after we had read: what it wrote is there by now.
        const still = new Set((yield* store.open).map(({ id }) => id))
        return found.filter(({ start }) => still.has(start.id))
      })
    }
  }
}
