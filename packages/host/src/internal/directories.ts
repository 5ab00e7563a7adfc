/**
 * New directories.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { isNotFound, isTaken } from "./fileErrors.js"
import { directoryOf } from "./paths.js"
import { syncDirectory } from "./writing.js"

/** Makes a directory for its user alone, if it is not there. Gives those that were made. */
export const makeOne = (fs: FileSystem.FileSystem, path: string): Effect.Effect<ReadonlyArray<string>, PlatformError> =>
  fs.makeDirectory(path, { mode: 0o700 }).pipe(
    Effect.as([path]),
    Effect.catchIf(isTaken, () => Effect.succeed([]))
  )

/**
 * The same with those above it, one by one: Node's own way to make them all never returns where a file system has no
 * room for directories, such as `/proc`.
 */
export const makeAll = (fs: FileSystem.FileSystem, path: string): Effect.Effect<ReadonlyArray<string>, PlatformError> =>
  Effect.catchIf(
    makeOne(fs, path),
    (error) => isNotFound(error) && directoryOf(path) !== path,
    () =>
      Effect.flatMap(makeAll(fs, directoryOf(path)), (above) =>
        Effect.map(makeOne(fs, path), (made) => [...above, ...made])
      )
  )

/** A busy disk is not waited for: what is in the directories is worth more. */
const syncWithin = "200 millis"

/** Has the names of new directories survive a power cut. */
export const syncNames = (fs: FileSystem.FileSystem, made: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.forEach(made, (path) => syncDirectory(fs, directoryOf(path)), { discard: true }).pipe(
    Effect.interruptible,
    Effect.disconnect,
    Effect.timeoutOption(syncWithin),
    Effect.asVoid,
    Effect.when(() => made.length > 0),
    Effect.asVoid
  )
