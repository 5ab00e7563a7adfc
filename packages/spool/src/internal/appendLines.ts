/**
 * Lines at the end of a file that nobody repairs: a line that did not get there whole is taken back, or ended by the
 * next one.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as TrustedPath from "@tether/host/TrustedPath"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { dirname } from "node:path"

const newline = 0x0a

const encoder = new TextEncoder()

/**
 * On the disk when it returns, the name of a new file too. Never through a link that somebody has put there. Whoever
 * else appends must be kept out.
 */
export const appendLines = (
  path: string,
  lines: ReadonlyArray<string>
): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const isThere = yield* FileAttempt.attempt("append to", path)(Effect.scoped(append(fs, path, lines)))
    // Whoever has taken the file has removed it before it saw our lines.
    if (!isThere) yield* appendLines(path, lines)
  })

/** Whether the file is still there afterwards. */
const append = (fs: FileSystem.FileSystem, path: string, lines: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const file = yield* TrustedPath.openToAppend(path)
    const size = Number((yield* file.stat).size)
    // Of a full disk, half a line.
    yield* Effect.onError(writeLines(file, lines), () => Effect.ignore(file.truncate(size)))
    yield* file.sync
    if (size === 0)
      yield* Effect.ignore(
        Effect.scoped(Effect.flatMap(fs.open(dirname(path), { flag: "r" }), (directory) => directory.sync))
      )
    return Option.getOrElse((yield* file.stat).nlink, () => 1) > 0
  })

/** Writes lines to a file that is open for appending, behind a last line that may be torn. */
export const writeLines = (file: FileSystem.File, lines: ReadonlyArray<string>): Effect.Effect<void, PlatformError> =>
  Effect.gen(function* () {
    const size = Number((yield* file.stat).size)
    const last = new Uint8Array(1)
    if (size > 0) {
      yield* file.seek(size - 1, "start")
      yield* file.read(last)
    }
    const isTorn = size > 0 && last[0] !== newline
    yield* file.writeAll(encoder.encode(`${isTorn ? "\n" : ""}${lines.map((line) => `${line}\n`).join("")}`))
  })
