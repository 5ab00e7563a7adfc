/**
 * What a store holds, for whoever asks.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ExitRecord } from "../ExitRecord.js"
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
    lastExit: (identity) => Stream.runLast(records({ identity, events: ["session-exit", "server-exit"] })),
    unfinished: (identity) => {
      if (surroundings === undefined) return Effect.succeed([])
      return Effect.flatMap(Stream.runFold(records({ identity }), new Map<string, ExitRecord>(), withoutEnded), (starts) =>
        Effect.forEach(starts.values(), stateOf(surroundings)))
    }
  }
}

const withoutEnded = (starts: Map<string, ExitRecord>, record: ExitRecord) => {
  if (record.ev === "session-start") starts.set(record.id, record)
  else if (record.start !== undefined) starts.delete(record.start)
  return starts
}
