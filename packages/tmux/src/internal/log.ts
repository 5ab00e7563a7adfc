/**
 * The log of a session, as others see it.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import * as TerminalText from "@tether/host/TerminalText"
import * as TrustedPath from "@tether/host/TrustedPath"
import type { Redactor } from "@tether/process/Redactor"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
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

/**
 * Makes the log, where it is not there: what could not be written would be lost. The shell that writes it follows
 * links: its directory is one in which nobody else can put one, at any time.
 */
export const openLog = (file: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.asVoid(Effect.scoped(TrustedPath.openToAppend(file, "write the log")))

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
    const lines = redactor.redact(whole).split(/[\r\n]/)
    // By the grammar that the redactor has: another one may leave other parts of a secret together.
    return lastLinesOf(lines.map((line) => TerminalText.sanitize(line, { remove: true })).join("\n"))
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
