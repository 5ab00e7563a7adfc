/**
 * What a store holds, for whoever asks.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ends, type ExitRecord } from "../ExitRecord.js"
import { isAskedFor } from "./query.js"
import type { Reader } from "./service.js"
import type { Surroundings } from "./setting.js"
import type { ReadStore } from "./store.js"
import { stateOf } from "./unfinished.js"

export const makeReader = (store: ReadStore, surroundings: Surroundings | undefined): Reader => {
  const records: Reader["records"] = (query = {}) => Stream.filter(store.read, isAskedFor(query))
  return {
    records,
    follow: (query = {}) => Stream.filter(store.follow, isAskedFor(query)),
    lastExit: (identity) => Stream.runLast(records({ identity, events: ends })),
    unfinished: (identity) => {
      if (surroundings === undefined) return Effect.succeed([])
      const open = Effect.map(
        Effect.suspend(() => Stream.runFold(records({ identity }), new OpenStarts(), (open, record) => open.take(record))),
        (open) => open.starts
      )
      return Effect.gen(function*() {
        const found = yield* Effect.forEach(yield* open, stateOf(surroundings))
        if (found.every(({ state }) => state === "watched")) return found
        // Whoever was to record an end may have done so, and gone, after we had read: what it wrote is there by now.
        const still = new Set((yield* open).map(({ id }) => id))
        return found.filter(({ start }) => still.has(start.id))
      })
    }
  }
}

/** What has begun and not ended, of the records that were taken. */
class OpenStarts {
  private readonly byId = new Map<string, ExitRecord>()
  private readonly endedBefore = new Set<string>()

  take(record: ExitRecord): this {
    if (record.ev === "session-start") {
      // Of several writers, none is in the order of time with the others.
      if (!this.endedBefore.delete(record.id)) this.byId.set(record.id, record)
    } else if (record.start !== undefined && !this.byId.delete(record.start)) this.endedBefore.add(record.start)
    return this
  }

  get starts(): ReadonlyArray<ExitRecord> {
    return [...this.byId.values()]
  }
}
