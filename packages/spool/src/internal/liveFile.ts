/**
 * The file to which a session's turns are appended. At any moment somebody may rename it, and drain it up to the size
 * that it has by then. Nobody waits for anybody: who has appended looks whether the file is still the live one, and
 * otherwise appends again.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as AtomicFile from "@tether/host/AtomicFile"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as TrustedPath from "@tether/host/TrustedPath"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import { basename, dirname } from "node:path"
import { writeLines } from "./appendLines.js"

/** Lines at its end, on the disk when it returns. Where there is none it is made, with a header. */
export const appendToLive = (
  path: string,
  header: object,
  lines: ReadonlyArray<string>
): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    yield* TrustedPath.check("append to", path, "File")
    while (true) {
      const outcome = yield* FileAttempt.attempt("append to", path)(tryAppend(path, lines))
      // What was retired may have been looked at before our lines were in it. They are known again by their keys.
      if (outcome === "appended") return
      if (outcome === "none") yield* begin(path, header)
    }
  })

/** Of two that begin at once, one makes the file, whole. */
const begin = (path: string, header: object): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  AtomicFile.create(path, `${JSON.stringify(header)}\n`).pipe(
    Effect.catchIf(
      ({ reason }) => reason === "AlreadyExists",
      () => Effect.void
    )
  )

type Outcome = "appended" | "none" | "retired"

/**
 * Under a name of our own, which nobody retires: to open the other one for appending could make a file without a
 * header.
 */
const tryAppend = (path: string, lines: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const own = `${dirname(path)}/.${basename(path)}.${randomBytes(12).toString("hex")}.tmp`
    const linked = yield* fs.link(path, own).pipe(
      Effect.as(true),
      Effect.catchIf(FileAttempt.isNotFound, () => Effect.succeed(false))
    )
    if (!linked) return "none" satisfies Outcome
    return yield* Effect.ensuring(Effect.scoped(append(fs, path, own, lines)), Effect.ignore(fs.remove(own)))
  })

const append = (fs: FileSystem.FileSystem, path: string, own: string, lines: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const file = yield* fs.open(own, { flag: "a+", mode: 0o600 })
    yield* writeLines(file, lines)
    const live = yield* Effect.option(fs.stat(path))
    const { dev, ino } = yield* file.stat
    const isLive =
      live._tag === "Some" &&
      live.value.dev === dev &&
      live.value.ino._tag === "Some" &&
      ino._tag === "Some" &&
      live.value.ino.value === ino.value
    if (!isLive) return "retired" satisfies Outcome
    // Whoever retires it from now on finds our lines.
    yield* file.sync
    return "appended" satisfies Outcome
  })
