/**
 * The way from the root to a path, link by link, with the owners of all that is on it.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { FileError } from "../FileError.js"
import { doing, refused } from "./fileErrors.js"
import { lstat, type NodeStats, typeOf } from "./lstat.js"
import { type Entry, isOwn, isShared, replaceProblem, type Self } from "./ownership.js"
import { absolutePath, join } from "./paths.js"
import { ownUid } from "./runtime.js"
import { fullSelf, strictSelf } from "./self.js"

/**
 * What is at a path. `found` is missing where nothing is. `isLink`: whether the path itself is a symbolic link, which
 * was followed. `directory`: the nearest one above it that exists. `problem`: why another user can put something else
 * there.
 */
export interface Walk {
  readonly found: Place | undefined
  readonly isLink: boolean
  readonly directory: Entry
  readonly self: Self
  readonly problem: string | undefined
}

/** As Linux: more is a circle. */
const mostLinks = 40

/** Gives `undefined` where users have no numbers (Windows): there owners and modes say nothing. */
export const walk = (path: string): Effect.Effect<Walk | undefined, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const uid = ownUid()
    if (uid === undefined) return undefined
    const fs = yield* FileSystem.FileSystem
    const strict = yield* walkAs(fs, path, strictSelf(uid))
    // Files are read only for what looks wrong without them.
    return looksSafe(strict) ? strict : yield* walkAs(fs, path, yield* fullSelf(fs, uid))
  })

const looksSafe = ({ directory, found, problem, self }: Walk): boolean =>
  problem === undefined &&
  !isShared(directory, self) &&
  (found === undefined || (isOwn(found.entry, self) && !isShared(found.entry, self)))

/** An entry, and all else that the system says of it. */
interface Place {
  readonly entry: Entry
  readonly type: FileSystem.File.Type
  readonly nlink: number
  readonly inode: string
}

const walkAs = (fs: FileSystem.FileSystem, path: string, self: Self): Effect.Effect<Walk, FileError> =>
  Effect.gen(function* () {
    const absolute = absolutePath(path)
    if (absolute === undefined)
      return yield* refused("look at", path, "NotFound", "the working directory has been removed")
    const root = placeOf("/", yield* lstat("/"))
    if (root === undefined) return yield* refused("look at", path, "NotFound", "there is no root directory")
    let above: ReadonlyArray<Place> = [root]
    const pending = absolute.split("/")
    let problem: string | undefined
    let links = 0
    let isLink = false
    while (true) {
      const name = pending.shift()
      const here = above.at(-1) ?? root
      const directory = here.entry
      if (name === undefined) return { found: here, isLink, directory: (above.at(-2) ?? root).entry, self, problem }
      if (name === "" || name === ".") continue
      if (name === "..") {
        if (above.length > 1) above = above.slice(0, -1)
        continue
      }
      const at = join(directory.path, name)
      const place = placeOf(at, yield* lstat(at))
      problem ??= replaceProblem(directory, place?.entry, self)
      if (place === undefined) return { found: undefined, isLink, directory, self, problem }
      if (place.type === "SymbolicLink") {
        if (++links > mostLinks)
          return yield* refused("look at", path, "Invalid", "there are too many symbolic links on the way")
        isLink ||= pending.every((rest) => rest === "")
        const target = yield* fs.readLink(at)
        if (target.startsWith("/")) above = [root]
        pending.unshift(...target.split("/"))
        continue
      }
      above = [...above, place]
    }
  }).pipe(doing("look at", path))

const placeOf = (path: string, stats: NodeStats | undefined): Place | undefined =>
  stats === undefined
    ? undefined
    : {
        type: typeOf(stats),
        nlink: stats.nlink,
        inode: `${stats.dev}:${stats.ino}`,
        entry: { path, uid: stats.uid, gid: stats.gid, mode: stats.mode }
      }
