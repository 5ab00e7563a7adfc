/**
 * Too much of a spool: the oldest files are dropped, and each of them is on record.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as FileTime from "@tether/host/FileTime"
import * as Logfmt from "@tether/host/Logfmt"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as RotatingFile from "@tether/host/RotatingFile"
import * as SortableId from "@tether/host/SortableId"
import * as TerminalText from "@tether/host/TerminalText"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { namesIn, readyIn } from "./directory.js"
import { makeLines } from "./lines.js"
import { auditFile, type Cap, droppedFrom, droppedName } from "./names.js"
import type { Caps, Setting } from "./setting.js"
import { removeState } from "./state.js"

interface Weighed {
  readonly name: string
  readonly bytes: number
  /** Undefined where it is not known: then no age drops it. */
  readonly changedAt: number | undefined
}

export const enforceCaps = <A>({
  caps,
  directory
}: Setting<A>): Effect.Effect<void, never, FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function* () {
    if (caps.files === undefined && caps.bytes === undefined && caps.age === undefined) return
    const names = yield* readyIn(directory)
    const isCountOnly = caps.bytes === undefined && caps.age === undefined
    if (isCountOnly && names.length <= (caps.files ?? 0)) return
    const files = yield* Effect.forEach(names, weighed(directory))
    const now = yield* Clock.currentTimeMillis
    const oldestFirst = files
      .flat()
      .toSorted((a, b) => (a.changedAt ?? 0) - (b.changedAt ?? 0) || (a.name < b.name ? -1 : 1))
    const dropped = overflow(oldestFirst, caps, now)
    if (dropped.length === 0) return
    yield* Effect.scoped(
      Effect.gen(function* () {
        const audit = yield* RotatingFile.open(`${directory}/${auditFile}`)
        yield* Effect.forEach(dropped, ([file, cap]) => drop({ directory, audit, now }, file, cap), { discard: true })
      })
    )
  }).pipe(
    // Too much is better than nothing at all.
    Effect.catchAll((error) => Effect.logError(`nothing could be dropped that is too much: ${error.message}`))
  )

/** To set a file apart, to put it on record and to remove it takes milliseconds. */
const killedAfter = Duration.minutes(1)

/** Puts on record, and removes, what somebody has set apart who was killed then. */
export const finishDropping = (
  directory: string
): Effect.Effect<void, FileError, FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const before = SortableId.make()(Math.max(0, now - Duration.toMillis(killedAfter)))
    const after = SortableId.make()(now + Duration.toMillis(killedAfter))
    const set = (yield* namesIn(directory)).flatMap((apart) => {
      const dropped = droppedFrom(apart)
      // One of the future is from before the clock was set back.
      const isYoung = dropped !== undefined && dropped.id > before && dropped.id < after
      return dropped === undefined || isYoung ? [] : [{ ...dropped, apart }]
    })
    if (set.length === 0) return
    yield* Effect.scoped(
      Effect.gen(function* () {
        const audit = yield* RotatingFile.open(`${directory}/${auditFile}`)
        for (const { apart, cap, name } of set) {
          const files = yield* weighed(directory)(apart)
          yield* Effect.forEach(files, (file) => drop({ directory, audit, now }, { ...file, name }, cap, apart), {
            discard: true
          })
        }
      })
    )
  })

const weighed =
  (directory: string) =>
  (name: string): Effect.Effect<ReadonlyArray<Weighed>, never, FileSystem.FileSystem> =>
    Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(`${directory}/${name}`)).pipe(
      // What is no file is not put by anybody, and a drain says so.
      Effect.flatMap((info) =>
        info.type === "File"
          ? Effect.map(FileTime.pastTime(`${directory}/${name}`, info), (changedAt) => [
              { name, bytes: Number(info.size), changedAt: Option.getOrUndefined(changedAt) }
            ])
          : Effect.succeed([])
      ),
      // Somebody has claimed it just now.
      Effect.orElseSucceed(() => [])
    )

/** The files that are too many, and by which cap. */
const overflow = (
  oldestFirst: ReadonlyArray<Weighed>,
  { age, bytes, files }: Caps,
  now: number
): ReadonlyArray<readonly [Weighed, Cap]> => {
  let count = oldestFirst.length
  let sum = oldestFirst.reduce((total, file) => total + file.bytes, 0)
  const oldest = age === undefined ? Number.NEGATIVE_INFINITY : now - Duration.toMillis(age)
  return oldestFirst.flatMap((file) => {
    const cap =
      file.changedAt !== undefined && file.changedAt < oldest
        ? "age"
        : files !== undefined && count > files
          ? "files"
          : bytes !== undefined && sum > bytes
            ? "bytes"
            : undefined
    if (cap === undefined) return []
    count--
    sum -= file.bytes
    return [[file, cap] as const]
  })
}

interface Dropping {
  readonly directory: string
  readonly audit: RotatingFile.RotatingFile
  readonly now: number
}

/** Sets it apart first, so that nobody drains what is on record as dropped, and back again if it cannot be recorded. */
const drop = (dropping: Dropping, file: Weighed, cap: Cap, from = file.name) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { directory, now } = dropping
    const [path, apart] = [`${directory}/${from}`, droppedName(file.name, cap, SortableId.make()(now))]
    const isOurs = yield* fs.rename(path, `${directory}/${apart}`).pipe(
      Effect.as(true),
      // Somebody has claimed it just now.
      Effect.catchIf(FileAttempt.isNotFound, () => Effect.succeed(false)),
      FileAttempt.attempt("drop", path)
    )
    if (!isOurs) return
    yield* Effect.tapError(settle(dropping, file, apart, cap), () =>
      Effect.ignore(fs.rename(`${directory}/${apart}`, path))
    )
  }).pipe(Effect.uninterruptible)

/** On record before it is gone. */
const settle = ({ audit, directory, now }: Dropping, { bytes, changedAt, name }: Weighed, apart: string, cap: Cap) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const records = yield* countRecords(fs, `${directory}/${apart}`)
    yield* audit.append(
      Logfmt.encode([
        ["ts", new Date(now).toISOString()],
        ["ev", "dropped"],
        ["file", name],
        ["cap", cap],
        ["records", String(records)],
        ["bytes", String(bytes)],
        ...(changedAt === undefined ? [] : [["since", new Date(changedAt).toISOString()] as const])
      ])
    )
    yield* Effect.ignore(fs.remove(`${directory}/${apart}`))
    yield* removeState(directory, name)
    yield* Effect.logWarning(
      `${TerminalText.quote(`${directory}/${name}`)} was dropped with ${records} records, because the spool has reached its cap of ${cap}`
    )
  })

const countRecords = (fs: FileSystem.FileSystem, path: string): Effect.Effect<number> =>
  Effect.gen(function* () {
    const lines = yield* makeLines(yield* fs.open(path, { flag: "r" }), 0, 0)
    let count = -1
    for (let some = yield* lines.next; some !== undefined; some = yield* lines.next) count += some.length
    return Math.max(0, count)
  }).pipe(
    Effect.scoped,
    Effect.orElseSucceed(() => 0)
  )
