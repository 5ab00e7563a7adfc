/**
 * How far a file was drained, and when it is tried again: beside the file and not in it, so that what was put stays as
 * it was.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as AtomicFile from "@tether/host/AtomicFile"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as FileTime from "@tether/host/FileTime"
import * as RecordFields from "@tether/host/RecordFields"
import * as SortableId from "@tether/host/SortableId"
import * as TerminalText from "@tether/host/TerminalText"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { oddEnding, stateDirectory, stateName } from "./names.js"

/** None that is negative, and none that is too large to be exact: what is damaged is no state. */
const Count = Schema.NonNegativeInt

const Time = RecordFields.Timestamp.pipe(Schema.nonNegative())

/**
 * Records that were not taken: `count` of them from `position` on, which counts from 1, and whose line begins at
 * `offset`. It is more than one where they are no records, or were none and are to be tried again; some between them
 * may have been taken.
 */
const Unsettled = Schema.Struct({
  position: Count,
  offset: Count,
  count: Count,
  error: Schema.String,
  /** It is no record, and no handler will ever get it. */
  isMalformed: Schema.Boolean
})

export type Unsettled = typeof Unsettled.Type

const State = Schema.Struct({
  /** Which file this is about: a later one of the same name is another. */
  inode: Count,
  size: Count,
  changedAt: RecordFields.Timestamp,
  /** The records up to this one are settled, but for those that are not. The next line begins at `offset`. */
  position: Count,
  offset: Count,
  unsettled: Schema.Array(Unsettled),
  /** How many are no records. */
  malformed: Count,
  /**
   * All of it was gone through, or so much of it failed that the rest was left: what is not settled is to be tried
   * again.
   */
  isThrough: Schema.Boolean,
  /** The records up to this one were tried in the round that is under way. */
  tried: Count,
  /** Others go first since it has used up a pass, in milliseconds since the epoch; 0 where they do not. */
  behindSince: Time,
  /** How often it was tried in vain, and when it is due again, in milliseconds since the epoch. */
  attempts: Count,
  nextAt: Time,
  /** The first thing that went wrong, and when. */
  firstError: Schema.optional(Schema.String),
  firstAt: Schema.optional(RecordFields.Timestamp)
})

export type State = typeof State.Type

/** Of no file. */
export const nothing: State = {
  inode: 0,
  size: 0,
  changedAt: 0,
  position: 0,
  offset: 0,
  unsettled: [],
  malformed: 0,
  isThrough: false,
  tried: 0,
  behindSince: 0,
  attempts: 0,
  nextAt: 0
}

/** Of a file that nobody has begun. */
export const initial = (info: FileSystem.File.Info): State => ({
  ...nothing,
  inode: Option.getOrElse(info.ino, () => 0),
  size: Number(info.size),
  changedAt: Option.getOrElse(FileTime.modifiedAt(info), () => 0)
})

/** Whether a state is about this file, and can be. */
export const isAbout = (state: State, info: FileSystem.File.Info): boolean => {
  const { changedAt, inode, size } = initial(info)
  return (
    state.inode === inode &&
    state.size === size &&
    state.changedAt === changedAt &&
    state.offset <= size &&
    state.unsettled.every(({ offset }) => offset <= size)
  )
}

const json = Schema.parseJson(State)
const encode = Schema.encodeSync(json)
const decode = Schema.decodeOption(json)

/** One that is larger is none of ours, in bytes. */
const mostBytes = 4 * 1024 * 1024

const pathOf = (directory: string, name: string): string => `${directory}/${stateDirectory}/${stateName(name)}`

/** That of no file where it cannot be read: then all of the file is handed over again. */
export const readState = (
  directory: string,
  name: string
): Effect.Effect<State | undefined, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { size, type } = yield* fs.stat(pathOf(directory, name))
    // A pipe would be waited for.
    if (type !== "File" || Number(size) > mostBytes) return nothing
    return Option.getOrElse(decode(yield* fs.readFileString(pathOf(directory, name))), () => nothing)
  }).pipe(Effect.orElseSucceed(() => undefined))

/** Not synced: what is forgotten in a power cut is handed over again, under the same keys. */
export const writeState = (
  directory: string,
  name: string,
  state: State
): Effect.Effect<void, FileError, FileSystem.FileSystem> => {
  const path = pathOf(directory, name)
  const write = AtomicFile.replace(path, encode(state), { mode: 0o600, fsync: false })
  return Effect.catchIf(
    write,
    ({ reason }) => reason === "Invalid",
    () => Effect.zipRight(moveAside(path), write)
  )
}

/** What stands in the place of a state and is none, such as a directory, is kept as evidence. */
const moveAside = (path: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const aside = `${path}.${SortableId.make()(yield* Clock.currentTimeMillis)}${oddEnding}`
    yield* FileAttempt.attempt("move aside", path)(fs.rename(path, aside))
    yield* Effect.logWarning(
      `${TerminalText.quote(path)} is in the place of a state, and is called ${TerminalText.quote(aside)} now`
    )
  })

export const removeState = (directory: string, name: string): Effect.Effect<void, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.ignore(fs.remove(pathOf(directory, name), { force: true })))
