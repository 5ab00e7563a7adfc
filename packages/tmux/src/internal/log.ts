/**
 * The log of a session, as others see it.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import type { Redactor } from "@tether/process/Redactor"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { stripVTControlCharacters } from "node:util"
import { lastLinesOf } from "./pane.js"
import { holdsWithin } from "./within.js"

/** Waits until the writer has written all, and answers whether it has; it removes the file when it has. */
export const writtenWithin = (
  unwritten: string,
  time: Duration.DurationInput
): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    holdsWithin(
      time,
      Effect.orElseSucceed(
        Effect.map(fs.exists(unwritten), (isThere) => !isThere),
        () => true
      )
    )
  )

/** Makes it, where it is not there: what could not be written would be lost. */
export const openLog = (file: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const found = yield* Effect.option(fs.stat(file))
    // Whoever opens a pipe waits for the other side.
    if (Option.exists(found, ({ type }) => type !== "File"))
      return yield* FileAttempt.refused("write the log", file, "Invalid", "it is no regular file")
    yield* FileAttempt.attempt("write the log", file)(Effect.scoped(fs.open(file, { flag: "a", mode: 0o600 })))
  })

const tailBytes = 8 * 1024

/** The last lines of what was written behind an offset, without secrets and what only a terminal understands. */
export const lastLinesIn = (
  file: string,
  from: bigint,
  redactor: Redactor
): Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { size } = yield* fs.stat(file)
    // It was rotated since: all that is there came later.
    const start = size < from ? 0n : from
    const offset = size - start > BigInt(tailBytes) ? size - BigInt(tailBytes) : start
    const open = yield* fs.open(file, { flag: "r" })
    yield* open.seek(offset, "start")
    const bytes = yield* open.readAlloc(tailBytes)
    const text = bytes._tag === "None" ? "" : new TextDecoder().decode(bytes.value)
    // A line whose beginning is not there may begin in the middle of a secret.
    const whole = offset > start ? text.replace(/^[^\n]*\n?/, "") : text
    return lastLinesOf(stripVTControlCharacters(redactor.redact(whole)).replace(/\r/g, "\n"))
  }).pipe(
    Effect.scoped,
    Effect.orElseSucceed(() => [])
  )

export const sizeOf = (file: string): Effect.Effect<bigint, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.orElseSucceed(
      Effect.map(fs.stat(file), ({ size }) => size),
      () => 0n
    )
  )
