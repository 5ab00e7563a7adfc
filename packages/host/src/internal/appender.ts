/**
 * Appends to a file that other processes append to as well, and that any of them may rotate.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { FileError } from "../FileError.js"
import type { LockHeld } from "../LockHeld.js"
import type { ProcessIdentity } from "../ProcessIdentity.js"
import { cancel, indexOf, newline, readRange } from "./bytes.js"
import { doing, refused } from "./fileErrors.js"
import { acquireWithin } from "./lock.js"
import { makeWatch } from "./lockWatch.js"
import { infoOf, inode } from "./logFiles.js"
import { directoryOf } from "./paths.js"
import { rotate } from "./rotation.js"
import { repair, type TornLine } from "./tornLine.js"
import { openToAppend } from "./trust.js"
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

/**
 * An appender is used by one fiber at a time. `settle` looks whether what was appended is where it belongs, and appends
 * it again where it is not: to be done soon after an append, and before all else.
 */
export interface Appender {
  readonly append: (bytes: Uint8Array, sync: boolean) => Effect.Effect<void, FileError>
  readonly settle: Effect.Effect<void>
  readonly sync: Effect.Effect<void, FileError>
  readonly rotate: Effect.Effect<void, FileError | LockHeld>
  readonly close: Effect.Effect<void>
}

/** The active file as we have it open. */
interface Active {
  readonly file: FileSystem.File
  readonly inode: string
  readonly scope: Scope.CloseableScope
  /** Its size when it was last looked at, with what we have appended since; and when that was. */
  size: number
  seenAt: number
  /** A size at which the file ended with a whole line. */
  whole: number
  unsynced: boolean
  /** What we have appended since it was last looked at. */
  unseen: Array<Appended>
}

/** Bytes in a file, at `from` if nobody else has appended, and otherwise somewhere behind it. */
interface Appended {
  readonly from: number
  readonly bytes: Uint8Array
}

const lockTiming = {
  label: "rotation",
  pollEvery: 50,
  refreshEvery: Duration.toMillis("5 seconds"),
  staleAfter: Duration.toMillis("60 seconds")
}

/**
 * For so long it is taken for granted, in milliseconds, that nobody else has done anything to the file. Whoever is
 * wrong about it sees so after the fact.
 */
const fresh = 100

const never = Number.NEGATIVE_INFINITY

/** Milliseconds, not by the date: after the clock was set back, a look of before would stay fresh. */
const elapsed = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos) / 1e6)

/** How much of what others have appended is searched for a line of ours, in bytes. */
const mostSearched = 1024 * 1024

/** Opens the active file, repairs its end, and creates it where there is none. */
export const makeAppender = (
  settings: Settings
): Effect.Effect<Appender, FileError, FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function* () {
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

    const opened = Effect.gen(function* () {
      const scope = yield* Scope.make()
      // For reading too: the end of the file is looked at.
      const file = yield* openToAppend("open", path).pipe(
        Scope.extend(scope),
        Effect.provide(context),
        Effect.onError(() => Scope.close(scope, Exit.void))
      )
      const info = yield* Effect.onError(file.stat, () => Scope.close(scope, Exit.void))
      const seenAt = yield* elapsed
      const size = Number(info.size)
      const active: Active = { file, inode: inode(info), scope, size, seenAt, whole: 0, unsynced: false, unseen: [] }
      open = active
      // The name of a new file must be on the disk before its lines count as being there.
      if (fsync !== "never" && active.size === 0) yield* syncDirectory(fs, directoryOf(path))
      return active
    })

    /** What is to be appended again. */
    const misplaced: Array<Uint8Array> = []

    /**
     * Whether it still has the path, and whether what we appended is where it is found: not in a file that was removed
     * since, and not behind a line that another writer has torn.
     */
    const look = (active: Active) =>
      Effect.gen(function* () {
        const { size: expected, unseen } = active
        const there = yield* infoOf(fs, path)
        const isActive = there !== undefined && inode(there) === active.inode
        const info = isActive ? there : yield* active.file.stat
        active.size = Number(info.size)
        active.seenAt = isActive ? yield* elapsed : never
        const isRemoved = Option.getOrElse(info.nlink, () => 1) === 0
        const isOurs = active.size === expected
        if (!isOurs) active.whole = -1
        if (isRemoved) misplaced.push(...unseen.map(({ bytes }) => bytes))
        else if (!isOurs) misplaced.push(...(yield* behindTornLines(active.file, unseen, active.size)))
        active.unseen = []
        return isActive
      })

    /** The file that has the path now: another process may have rotated, and a stranger removed it. */
    const current = Effect.gen(function* () {
      const active = open
      if (active !== undefined) {
        const now = yield* elapsed
        if (now - active.seenAt < fresh || (yield* look(active))) return active
        yield* close
      }
      return yield* opened
    })

    /** The last line is whole then. */
    const mend = (active: Active) =>
      Effect.gen(function* () {
        const { size } = active
        if (size === 0 || size === active.whole) return
        const [last] = yield* readRange(active.file, size - 1, size)
        if (last === newline) return
        const torn = yield* repair(fs, path, active.file, size)
        if (torn !== undefined) yield* harmless(settings.onTorn(torn))
        active.size = Number((yield* active.file.stat).size)
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

    /** Puts the bytes behind the last line. */
    const write = (bytes: Uint8Array) =>
      Effect.gen(function* () {
        let mayRotate = true
        while (true) {
          const active = yield* current
          yield* mend(active)
          if (mayRotate && active.size > 0 && active.size + bytes.length > maxBytes) {
            mayRotate = false
            active.seenAt = never
            yield* tryRotate(active)
            continue
          }
          const from = active.size
          active.unsynced = true
          const written = yield* Effect.onError(active.file.write(bytes), () => Effect.sync(() => forget(active)))
          if (Number(written) !== bytes.length) {
            forget(active)
            return yield* refused(
              "append to",
              path,
              "NoSpace",
              `only ${written} of ${bytes.length} bytes could be written`
            )
          }
          active.unseen.push({ from, bytes })
          active.size += bytes.length
          active.whole = active.size
          return
        }
      }).pipe(doing("append to", path))

    const settle = Effect.gen(function* () {
      while (true) {
        if (open !== undefined && open.unseen.length > 0) yield* doing("look at", path)(look(open))
        const bytes = misplaced.shift()
        if (bytes === undefined) return
        yield* write(bytes)
      }
    }).pipe(Effect.catchAll((error) => warn(error.message)))

    const sync = Effect.zipRight(
      settle,
      doing(
        "sync",
        path
      )(
        Effect.suspend(() => {
          const active = open
          if (active === undefined || !active.unsynced || fsync === "never") return Effect.void
          return Effect.map(active.file.sync, () => {
            active.unsynced = false
          })
        })
      )
    )

    const active = yield* doing("open", path)(current)
    // What cannot be repaired now, on a full disk for one, is repaired by the next append.
    yield* Effect.ignore(mend(active))
    return {
      append: (bytes, isSynced) =>
        Effect.zipRight(write(bytes), fsync === "always" || (isSynced && fsync === "onSync") ? sync : Effect.void),
      settle,
      sync,
      rotate: Effect.gen(function* () {
        yield* settle
        if (open !== undefined) open.seenAt = never
        const active = yield* doing("rotate", path)(current)
        active.seenAt = never
        if (active.size > 0) yield* rotateNow(active, lockTiming.staleAfter * 2)
      }),
      close: Effect.zipRight(settle, close)
    }
  })

/** Until it is looked at again, nothing is known of it. */
const forget = (active: Active): void => {
  active.seenAt = never
  active.whole = -1
}

/** Which of these bytes do not stand at the beginning of a line, as far as they are found. */
const behindTornLines = (file: FileSystem.File, appended: ReadonlyArray<Appended>, size: number) =>
  Effect.gen(function* () {
    const [first] = appended
    if (first === undefined) return []
    // One more byte: what stands before them.
    const start = Math.max(0, first.from - 1)
    const between = yield* readRange(file, start, Math.min(size, start + mostSearched))
    let from = 0
    return appended.flatMap(({ bytes }) => {
      const at = indexOf(between, bytes, from)
      if (at > 0) from = at + bytes.length
      // A mark becomes a newline: somebody is repairing what stands before it.
      return at <= 0 || between[at - 1] === newline || between[at - 1] === cancel ? [] : [bytes]
    })
  })
