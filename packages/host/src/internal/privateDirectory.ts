/**
 * Directories that nobody else can look or reach into.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { FileError } from "../FileError.js"
import { makeOne } from "./directories.js"
import { doing, refused } from "./fileErrors.js"
import { ownUid } from "./runtime.js"

/**
 * Makes the directory with mode 0700 if it is not there, and then looks whose it is: somebody else may have been first,
 * and in a directory such as `/tmp` anybody can be. Gives it if it was made.
 */
export const privateDirectory = (
  path: string
): Effect.Effect<ReadonlyArray<string>, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const made = yield* doing("make the directory", path)(makeOne(fs, path))
    const problem = yield* problemOf(fs, path)
    if (problem !== undefined) return yield* refused("use the directory", path, "NotPrivate", problem)
    return made
  })

const problemOf = (fs: FileSystem.FileSystem, path: string): Effect.Effect<string | undefined, FileError> =>
  Effect.gen(function* () {
    // `stat` follows a link, and where it leads may be changed afterwards by whoever made it.
    if (Either.isRight(yield* Effect.either(fs.readLink(path)))) return "it is a symbolic link"
    const info = yield* doing("look at", path)(fs.stat(path))
    if (info.type !== "Directory") return "it is no directory"
    const uid = ownUid()
    // Where users have no numbers, modes say nothing either.
    if (uid === undefined) return undefined
    const owner = Option.getOrUndefined(info.uid)
    if (owner !== uid) return `it belongs to user ${owner}, and this is user ${uid}`
    const mode = info.mode & 0o777
    if ((mode & 0o077) === 0) return undefined
    return `it is open to others, with mode ${mode.toString(8).padStart(4, "0")}; chmod 700 closes it`
  })
