/**
 * Puts the active file among the rotated ones, and removes those that are no longer kept.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { FileError } from "../FileError.js"
import * as FileTime from "../FileTime.js"
import { readRange } from "./bytes.js"
import { isNotFound, isTaken, refused } from "./fileErrors.js"
import { isInFuture } from "./futureDate.js"
import { highest, infoOf, inode, rotatedFiles, rotatedPath } from "./logFiles.js"
import { openToAppend } from "./trust.js"

/**
 * Rotates if the active file still is the one with this inode. The caller holds the lock; if it has lost it without
 * knowing, a file may be rotated too early, and nothing else happens: the new name is reserved first, so that no rename
 * ever hits a file with lines in it.
 */
export const rotate = (
  fs: FileSystem.FileSystem,
  path: string,
  wanted: string,
  keep: number
): Effect.Effect<void, PlatformError | FileError> =>
  Effect.gen(function* () {
    const target = yield* reserved(fs, path, ((yield* rotatedFiles(fs, path)).at(-1)?.number ?? 0) + 1)
    const active = yield* infoOf(fs, path)
    if (active === undefined || inode(active) !== wanted) return yield* fs.remove(target)
    yield* Effect.onError(fs.rename(path, target), () => Effect.ignore(fs.remove(target)))
    yield* prune(fs, path, keep)
  })

const reserved = (
  fs: FileSystem.FileSystem,
  path: string,
  number: number
): Effect.Effect<string, PlatformError | FileError> => {
  // Lines in a file that is not read are lost. In one that is too long they are not.
  if (number > highest)
    return refused("rotate", path, "Invalid", `a rotated file already has the highest number, ${highest}; rename it`)
  const target = rotatedPath(path, number)
  return Effect.scoped(fs.open(target, { flag: "wx", mode: 0o600 })).pipe(
    Effect.as(target),
    Effect.catchIf(isTaken, () => reserved(fs, path, number + 1))
  )
}

/**
 * Removes rotated files until `keep` are left. One that a slow writer has written to after it was rotated counts as
 * young as its last line: its turn comes when `keep` others were written to later.
 */
const prune = (fs: FileSystem.FileSystem, path: string, keep: number): Effect.Effect<void, PlatformError | FileError> =>
  Effect.gen(function* () {
    const files = yield* Effect.forEach(yield* rotatedFiles(fs, path), (file) =>
      Effect.map(infoOf(fs, file.path), (info) => ({ ...file, info }))
    )
    const known = files.flatMap(({ info, number, path }) =>
      info === undefined
        ? []
        : [
            {
              number,
              path,
              size: Number(info.size),
              writtenAt: Option.getOrElse(FileTime.modifiedAt(info), () => 0)
            }
          ]
    )
    const youngestFirst = believed(known, yield* Clock.currentTimeMillis).sort(
      (a, b) => b.writtenAt - a.writtenAt || b.number - a.number
    )
    let kept = 0
    for (const { path: doomed, size } of youngestFirst) {
      if (kept >= keep) yield* removed(fs, path, doomed, size)
      // An empty one was reserved by somebody who was killed then.
      else if (size > 0) kept++
    }
  })

/**
 * A file that is dated in the future, from before the clock was set back, would be the youngest until that date: it
 * counts as old as the youngest with a lower number.
 */
const believed = <A extends { readonly number: number; readonly writtenAt: number }>(
  files: ReadonlyArray<A>,
  now: number
): Array<A> => {
  let youngest = 0
  return files
    .toSorted((a, b) => a.number - b.number)
    .map((file) => {
      if (isInFuture(file.writtenAt, now)) return { ...file, writtenAt: youngest }
      youngest = Math.max(youngest, file.writtenAt)
      return file
    })
}

/** Removes a file, unless it has grown. What a writer adds until the very end is put into the active file. */
const removed = (
  fs: FileSystem.FileSystem,
  path: string,
  doomed: string,
  size: number
): Effect.Effect<void, PlatformError | FileError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* fs.open(doomed, { flag: "r" })
      if (Number((yield* file.stat).size) !== size) return
      yield* fs.remove(doomed)
      const end = Number((yield* file.stat).size)
      if (end === size) return
      const late = yield* readRange(file, size, end)
      const active = yield* openToAppend("append to", path)
      yield* active.writeAll(late)
    })
  ).pipe(
    Effect.provideService(FileSystem.FileSystem, fs),
    // Somebody else was first.
    Effect.catchIf(isNotFound, () => Effect.void)
  )
