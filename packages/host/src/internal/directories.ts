/**
 * New directories.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as ActiveTime from "../ActiveTime.js"
import type { FileError } from "../FileError.js"
import { doing, isNotFound, isTaken, refused } from "./fileErrors.js"
import { replaceProblem } from "./ownership.js"
import { directoryOf } from "./paths.js"
import { judge, type Problem } from "./trust.js"
import { type Walk, walk } from "./walk.js"
import { syncDirectory } from "./writing.js"

/**
 * Makes a directory for its user alone, if it is not there. Gives those that were made. The mode is set, since the
 * umask may have left nothing of the one that was asked for.
 */
export const makeOne = (fs: FileSystem.FileSystem, path: string): Effect.Effect<ReadonlyArray<string>, PlatformError> =>
  fs.makeDirectory(path, { mode: 0o700 }).pipe(
    Effect.zipRight(fs.chmod(path, 0o700)),
    Effect.as([path]),
    Effect.catchIf(isTaken, () => Effect.succeed([]))
  )

/**
 * The same with those above it, one by one: Node's own way to make them all never returns where a file system has no
 * room for directories, such as `/proc`.
 */
const makeEach = (fs: FileSystem.FileSystem, path: string): Effect.Effect<ReadonlyArray<string>, PlatformError> =>
  Effect.catchIf(
    makeOne(fs, path),
    (error) => isNotFound(error) && directoryOf(path) !== path,
    () =>
      Effect.flatMap(makeEach(fs, directoryOf(path)), (above) =>
        Effect.map(makeOne(fs, path), (made) => [...above, ...made])
      )
  )

/** Why a directory is not used, though no other user can replace it. */
type Judge = (walked: Walk) => Problem | undefined

/** No other user can replace what is made in it. */
const isSafe: Judge = ({ found, self }) => {
  const text = found === undefined ? undefined : replaceProblem(found.entry, undefined, self)
  return text === undefined ? undefined : { reason: "NotPrivate", text }
}

/** No other user can make anything in it. */
export const isExclusive: Judge = (walked) => judge(walked, "Directory")

/** A directory with those above it. Gives those that were made. */
export const makeAll = (
  action: string,
  path: string,
  judge: Judge = isSafe
): Effect.Effect<ReadonlyArray<string>, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    // Before: nothing is made, nor any mode set, where another user may just be replacing it.
    if (yield* isThere(action, path, judge)) return []
    const made = yield* doing(action, path)(makeEach(fs, path))
    // After: another user may have been first.
    yield* isThere(action, path, judge)
    return made
  })

const isThere = (
  action: string,
  path: string,
  judge: Judge
): Effect.Effect<boolean, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const walked = yield* walk(path)
    if (walked === undefined) return false
    const { found, problem } = walked
    const wrong = problem === undefined ? judge(walked) : { reason: "NotPrivate" as const, text: problem }
    if (wrong !== undefined) return yield* refused(action, path, wrong.reason, wrong.text)
    return found?.type === "Directory"
  })

/** A busy disk is not waited for: what is in the directories is worth more. */
const syncWithin = "200 millis"

/** Has the names of new directories survive a power cut. */
export const syncNames = (fs: FileSystem.FileSystem, made: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (made.length === 0) return Effect.void
    const synced = Effect.forEach(made, (path) => syncDirectory(fs, directoryOf(path)), { discard: true })
    return Effect.asVoid(ActiveTime.within(ActiveTime.clock, syncWithin, Effect.disconnect(synced)))
  })
