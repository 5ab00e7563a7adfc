/**
 * The way from the root to a path, link by link, with the owners of all that is on it.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { FileError } from "../FileError.js"
import { doing, refused } from "./fileErrors.js"
import { infoOf } from "./logFiles.js"
import { type Entry, isShared, replaceProblem, type Self } from "./ownership.js"
import { absolutePath, directoryOf, join } from "./paths.js"
import { ownUid } from "./runtime.js"
import { fullSelf, strictSelf } from "./self.js"

/**
 * What is at a path. `found` is missing where nothing is. `isLink`: whether the path itself is a symbolic link, which was
 * followed. `directory`: the nearest one above it that exists. `problem`: why another user can put something else there.
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
    return strict.problem === undefined ? strict : yield* walkAs(fs, path, yield* fullSelf(fs, uid))
  })

/** An entry, and all else that the system says of it. */
export interface Place {
  readonly entry: Entry
  readonly info: FileSystem.File.Info
}

const walkAs = (fs: FileSystem.FileSystem, path: string, self: Self): Effect.Effect<Walk, FileError> =>
  Effect.gen(function* () {
    const absolute = absolutePath(path)
    if (absolute === undefined)
      return yield* refused("look at", path, "NotFound", "the working directory has been removed")
    // One question instead of one for each directory: an error, such as that of a name that is no link, is dear.
    const real = yield* Effect.option(fs.realPath(directoryOf(absolute)))
    const hasLinks = !Option.contains(real, directoryOf(absolute))
    const root: Place = placeOf("/", yield* fs.stat("/"))
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
      const mayBeLink = hasLinks || pending.length === 0
      const target = mayBeLink ? yield* Effect.option(fs.readLink(at)) : Option.none()
      if (Option.isSome(target)) {
        if (++links > mostLinks)
          return yield* refused("look at", path, "Invalid", "there are too many symbolic links on the way")
        problem ??= linkProblem(directory, at, self)
        isLink ||= pending.every((rest) => rest === "")
        if (target.value.startsWith("/")) above = [root]
        pending.unshift(...target.value.split("/"))
        continue
      }
      const info = yield* infoOf(fs, at)
      const place = info === undefined ? undefined : placeOf(at, info)
      problem ??= replaceProblem(directory, place?.entry, self)
      if (place === undefined) return { found: undefined, isLink, directory, self, problem }
      above = [...above, place]
    }
  }).pipe(doing("look at", path))

/** Its owner cannot be asked for without following it: it is trusted only where nobody else creates links. */
const linkProblem = (directory: Entry, path: string, self: Self): string | undefined =>
  replaceProblem(directory, undefined, self) ??
  (isShared(directory, self)
    ? `${JSON.stringify(path)} is a symbolic link in a directory that other users can write to`
    : undefined)

/** Without an owner it is taken for a stranger's. */
const placeOf = (path: string, info: FileSystem.File.Info): Place => {
  const { gid, mode, uid } = info
  return {
    info,
    entry: { path, mode, uid: Option.getOrElse(uid, () => -1), gid: Option.getOrElse(gid, () => -1) }
  }
}
