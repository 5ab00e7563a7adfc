/**
 * New files of a spool: there whole, or not at all.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as AtomicFile from "@tether/host/AtomicFile"
import type { FileError } from "@tether/host/FileError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { fileName } from "./names.js"

export interface Publication {
  readonly directory: string
  /** Unique: two files of one name would be one. */
  readonly name: string
  readonly header: object
  /** One record each, as JSON. */
  readonly lines: Iterable<string>
  /** Whether it is waited for to be on the disk; or for how long at most. */
  readonly fsync: boolean | Duration.DurationInput
}

/** Gives the path of the file. */
export const publish = ({
  directory,
  fsync,
  header,
  lines,
  name
}: Publication): Effect.Effect<string, FileError, FileSystem.FileSystem> => {
  const path = `${directory}/${fileName(name)}`
  let text = `${JSON.stringify(header)}\n`
  for (const line of lines) text += `${line}\n`
  return Effect.as(AtomicFile.create(path, text, { mode: 0o600, fsync }), path)
}
