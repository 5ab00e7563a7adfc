/**
 * Appends to a file that other processes append to as well, and that any of them may rotate.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { FileError } from "../FileError.js"
import type { LockHeld } from "../LockHeld.js"
import type { ProcessIdentity } from "../ProcessIdentity.js"
import { newline, readRange } from "./bytes.js"
import { doing, fileError, refused } from "./fileErrors.js"
import { acquireWithin } from "./lock.js"
import { makeWatch } from "./lockWatch.js"
import { infoOf, inode } from "./logFiles.js"
import { directoryOf } from "./paths.js"
import { rotate } from "./rotation.js"
import { repair, type TornLine } from "./tornLine.js"
import { harmless, warn } from "./warn.js"
import { syncDirectory } from "./writing.js"

/** What is decided for the whole life of an appender. */
export interface Settings {
  readonly path: string
  readonly maxBytes: number
  readonly keep: number
  readonly fsync: "never" | "onSync" | "always"
  readonly onTorn: (torn: TornLine) => Effect.Effect<void>
}

/** An appender is used by one fiber at a time. */
export interface Appender {
  readonly append: (bytes: Uint8Array, sync: boolean) => Effect.Effect<void, FileError>
  readonly sync: Effect.Effect<void, FileError>
  readonly rotate: Effect.Effect<void, FileError | LockHeld>
  readonly close: Effect.Effect<void>
}

/** The active file as we have it open. */
interface Active {
  readonly file: FileSystem.File
  readonly inode: string
  readonly scope: Scope.CloseableScope
  /** A size at which the file ended with a whole line. */
  whole: number
  unsynced: boolean
}

const lockTiming = {
  label: "rotation",
  pollEvery: 50,
  refreshEvery: Duration.toMillis("5 seconds"),
  staleAfter: Duration.toMillis("60 seconds")
}

/** Opens the active file, repairs its end, and creates it where there is none. */
export const makeAppender = (
  settings: Settings
): Effect.Effect<Appender, FileError, FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function*() {
    const { fsync, keep, maxBytes, path } = settings
    const fs = yield* FileSystem.FileSystem
    const context = yield* Effect.context<FileSystem.FileSystem | ProcessIdentity>()
    // What was seen of a lock is remembered from one rotation that could not be had to the next.
    const watch = makeWatch(lockTiming.staleAfter, lockTiming.refreshEvery)
    let open: Active | undefined
    let lastTrouble: string | undefined

    const close = Effect.suspend(() => {
      const active = open
      open = undefined
      if (active === undefined) return Effect.void
      const synced = active.unsynced && fsync !== "never" ? Effect.ignore(active.file.sync) : Effect.void
      return Effect.ensuring(synced, Scope.close(active.scope, Exit.void))
    })

    const opened = Effect.gen(function*() {
      const scope = yield* Scope.make()
      // For reading too: the end of the file is looked at.
      const file = yield* fs.open(path, { flag: "a+", mode: 0o600 }).pipe(Scope.extend(scope))
      const info = yield* Effect.onError(file.stat, () => Scope.close(scope, Exit.void))
      open = { file, inode: inode(info), scope, whole: 0, unsynced: false }
      // The name of a new file must be on the disk before its lines count as being there.
      if (fsync !== "never" && Number(info.size) === 0) yield* syncDirectory(fs, directoryOf(path))
      return { active: open, info }
    })

    /** The file that has the path now: another process may have rotated, and a stranger removed it. */
    const current = Effect.gen(function*() {
      const active = open
      const info = active === undefined ? undefined : yield* infoOf(fs, path)
      if (active !== undefined && info !== undefined && inode(info) === active.inode) return { active, info }
      yield* close
      return yield* opened
    })

    /** The size of the active file, whose last line is whole now. */
    const mended = (active: Active, info: FileSystem.File.Info) =>
      Effect.gen(function*() {
        const size = Number(info.size)
        if (size === 0 || size === active.whole) return size
        const [last] = yield* readRange(active.file, size - 1, size)
        if (last === newline) return size
        const torn = yield* repair(fs, path, active.file, size)
        if (torn !== undefined) yield* harmless(settings.onTorn(torn))
        return Number((yield* active.file.stat).size)
      })

    const rotateNow = (active: Active, wait: number) =>
      acquireWithin(`${path}.lock`, lockTiming, wait, watch).pipe(
        Effect.zipRight(doing("rotate", path)(rotate(fs, path, active.inode, keep))),
        Effect.zipRight(fsync === "never" ? Effect.void : syncDirectory(fs, directoryOf(path))),
        Effect.scoped,
        Effect.provide(context)
      )

    /** A file that is too long does less harm than a line that is not written. */
    const tryRotate = (active: Active) =>
      rotateNow(active, 0).pipe(
        Effect.catchTag("LockHeld", () => Effect.void),
        Effect.catchAll((error) => {
          const isNews = error.message !== lastTrouble
          lastTrouble = error.message
          return isNews ? warn(error.message) : Effect.void
        })
      )

    const append = (bytes: Uint8Array, sync: boolean): Effect.Effect<void, FileError> =>
      Effect.gen(function*() {
        let mayRotate = true
        while (true) {
          const { active, info } = yield* current
          const size = yield* mended(active, info)
          if (mayRotate && size > 0 && size + bytes.length > maxBytes) {
            mayRotate = false
            yield* tryRotate(active)
            continue
          }
          const written = Number(yield* active.file.write(bytes))
          active.unsynced = true
          if (written < bytes.length) {
            active.whole = -1
            const problem = `only ${written} of ${bytes.length} bytes could be written`
            return yield* refused("append to", path, "NoSpace", problem)
          }
          const after = yield* active.file.stat
          // In a file that was removed since we looked, nobody finds the line.
          if (Option.getOrElse(after.nlink, () => 1) === 0) continue
          active.whole = Number(after.size) === size + bytes.length ? Number(after.size) : -1
          if (fsync === "always" || (sync && fsync === "onSync")) yield* synced(active)
          return
        }
      }).pipe(Effect.mapError((error) => error._tag === "FileError" ? error : fileError("append to", path)(error)))

    const synced = (active: Active) =>
      Effect.tap(active.file.sync, () => {
        active.unsynced = false
      })

    const { active, info } = yield* doing("open", path)(current)
    // What cannot be repaired now, on a full disk for one, is repaired by the next append.
    yield* Effect.ignore(mended(active, info))
    return {
      append,
      sync: doing("sync", path)(Effect.suspend(() =>
        open === undefined || !open.unsynced || fsync === "never" ? Effect.void : synced(open)
      )),
      rotate: Effect.flatMap(doing("rotate", path)(current), ({ active, info }) =>
        info.size === BigInt(0) ? Effect.void : rotateNow(active, lockTiming.staleAfter * 2)),
      close
    }
  })
