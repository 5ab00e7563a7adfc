/**
 * The directory of a spool.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as StateDir from "@tether/host/StateDir"
import * as Effect from "effect/Effect"
import { rmdir } from "node:fs"
import { claimsDirectory, deadDirectory, isReady, stateDirectory } from "./names.js"

/** Makes it and what is in it, for its user alone. One in which other users can put files is refused. */
export const makeDirectories = (directory: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  StateDir.makeOwn(directory, [stateDirectory, claimsDirectory, deadDirectory])

/** The names in it, sorted; none where it is not there. */
export const namesIn = (path: string): Effect.Effect<ReadonlyArray<string>, FileError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(path)).pipe(
    Effect.map((names) => names.toSorted()),
    Effect.catchIf(FileAttempt.isNotFound, () => Effect.succeed([])),
    FileAttempt.attempt("list", path)
  )

/** The files that are to be drained, in the order of their names. */
export const readyIn = (directory: string): Effect.Effect<ReadonlyArray<string>, FileError, FileSystem.FileSystem> =>
  Effect.map(namesIn(directory), (names) => names.filter(isReady))

/**
 * Removes a directory, and answers whether it is gone: one in which something is stays. The `FileSystem` can only
 * remove what is in it, too.
 */
export const removeEmpty = (path: string): Effect.Effect<boolean, FileError> =>
  Effect.async((resume) =>
    rmdir(path, (error) => {
      if (error === null || error.code === "ENOENT") return resume(Effect.succeed(true))
      if (error.code === "ENOTEMPTY" || error.code === "EEXIST") return resume(Effect.succeed(false))
      resume(Effect.fail(FileAttempt.refused("remove", path, "Unknown", error.message)))
    })
  )
