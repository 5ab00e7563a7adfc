/**
 * The files of a rotating file: `<path>` is the active one, `<path>.<number>` those before it. The highest number is
 * the youngest: a file keeps its name once it has one, so that readers are not overtaken by renames.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isNotFound } from "./fileErrors.js"
import { lstat } from "./lstat.js"
import { isOwn, isShared } from "./ownership.js"
import { directoryOf, nameOf } from "./paths.js"
import { ownUid } from "./runtime.js"
import { strictSelf } from "./self.js"

/** A file that has been rotated. */
export interface Rotated {
  readonly number: number
  readonly path: string
  readonly inode: string
}

/** The path of a rotated file. */
export const rotatedPath = (path: string, number: number): string => `${path}.${number}`

/** The highest number of a rotated file: a file with more digits is not read. */
export const highest = 999_999_999_999_999

const isNumber = (text: string): boolean => /^[1-9]\d{0,14}$/.test(text)

/**
 * The rotated files, oldest first. Only regular files count, not links. In a directory such as `/tmp`, in which other
 * users can create files, a file counts only if it belongs to the current user, root, or the owner of the active file,
 * and has no second name: a file of another user would be taken for lines of ours, and push ours out of those kept.
 */
export const rotatedFiles = (
  fs: FileSystem.FileSystem,
  path: string
): Effect.Effect<ReadonlyArray<Rotated>, PlatformError> =>
  Effect.gen(function* () {
    const prefix = `${nameOf(path)}.`
    const names = yield* fs.readDirectory(directoryOf(path))
    const numbers = names
      .filter((name) => name.startsWith(prefix) && isNumber(name.slice(prefix.length)))
      .map((name) => Number(name.slice(prefix.length)))
      .sort((a, b) => a - b)
    if (numbers.length === 0) return []
    const owners = yield* ownersIn(fs, path)
    const found = yield* Effect.forEach(numbers, (number) => {
      const at = rotatedPath(path, number)
      return Effect.map(lstat(at), (stats) =>
        stats?.isFile() === true && (owners === undefined || (owners(stats.uid) && stats.nlink === 1))
          ? [{ number, path: at, inode: `${stats.dev}:${stats.ino}` }]
          : []
      )
    })
    return found.flat()
  }).pipe(Effect.catchIf(isNotFound, () => Effect.succeed([])))

/** Whose files count in the directory, or `undefined` where no other user can create one. */
const ownersIn = (
  fs: FileSystem.FileSystem,
  path: string
): Effect.Effect<((uid: number) => boolean) | undefined, PlatformError> =>
  Effect.gen(function* () {
    const uid = ownUid()
    if (uid === undefined) return undefined
    const self = strictSelf(uid)
    const { gid, mode, uid: owner } = yield* fs.stat(directoryOf(path))
    const entry = {
      path: directoryOf(path),
      uid: Option.getOrElse(owner, () => 0),
      gid: Option.getOrElse(gid, () => 0),
      mode
    }
    if (!isShared(entry, self)) return undefined
    const active = yield* lstat(path)
    return (uid: number) => isOwn({ uid }, self) || uid === active?.uid
  })

/** Tells a file from every other that exists at the same time, whatever its name. */
export const inode = (info: FileSystem.File.Info): string => `${info.dev}:${Option.getOrElse(info.ino, () => 0)}`

/** What is at this path now, or `undefined`. */
export const infoOf = (
  fs: FileSystem.FileSystem,
  path: string
): Effect.Effect<FileSystem.File.Info | undefined, PlatformError> =>
  Effect.catchIf(fs.stat(path), isNotFound, () => Effect.succeed(undefined))
