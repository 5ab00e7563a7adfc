/**
 * Where lines are kept.
 */
import type { FileError } from "@tether/host/FileError"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { ExitRecord } from "../ExitRecord.js"
import type { Query } from "./service.js"

/** What is read may be more than was asked for. */
export interface ReadStore {
  readonly read: (query: Query) => Stream.Stream<ExitRecord, FileError>
  readonly newestFirst: (query: Query) => Stream.Stream<ExitRecord, FileError>
  readonly follow: (query: Query) => Stream.Stream<ExitRecord, FileError>
  /** The starts that have no end. */
  readonly open: Effect.Effect<ReadonlyArray<ExitRecord>, FileError>
}

export interface Store extends ReadStore {
  readonly write: (record: ExitRecord) => Effect.Effect<void, FileError>
}
