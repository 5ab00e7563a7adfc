/**
 * Where lines are kept.
 */
import type { FileError } from "@tether/host/FileError"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { ExitRecord } from "../ExitRecord.js"

export interface ReadStore {
  readonly read: Stream.Stream<ExitRecord, FileError>
  readonly follow: Stream.Stream<ExitRecord, FileError>
}

export interface Store extends ReadStore {
  readonly write: (record: ExitRecord) => Effect.Effect<void, FileError>
}
