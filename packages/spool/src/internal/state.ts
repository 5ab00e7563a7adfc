/**
 * How far a file was drained, and when it is tried again: beside the file and not in it, so that what was put stays as it
 * was.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as AtomicFile from "@tether/host/AtomicFile"
import type { FileError } from "@tether/host/FileError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { stateDirectory } from "./names.js"

/** A record that was not taken. `position` counts from 1, `offset` is where its line begins. */
const Unsettled = Schema.Struct({
  position: Schema.Int,
  offset: Schema.Int,
  error: Schema.String,
  /** It is no record, and no handler will ever get it. */
  isMalformed: Schema.Boolean
})

export type Unsettled = typeof Unsettled.Type

const State = Schema.Struct({
  /** Which file this is about: a later one of the same name is another. */
  inode: Schema.Number,
  size: Schema.Number,
  /** The records up to this one are settled, but for those that are not. The next line begins at `offset`. */
  position: Schema.Int,
  offset: Schema.Int,
  unsettled: Schema.Array(Unsettled),
  /** All of it was gone through, or so much of it failed that the rest was left: what is not settled is to be tried again. */
  isThrough: Schema.Boolean,
  /** How often it was tried in vain, and when it is due again, in milliseconds since the epoch. */
  attempts: Schema.Int,
  nextAt: Schema.Number,
  /** The first thing that went wrong, and when. */
  firstError: Schema.optional(Schema.String),
  firstAt: Schema.optional(Schema.Number)
})

export type State = typeof State.Type

export const initial = (info: FileSystem.File.Info): State => ({
  inode: Option.getOrElse(info.ino, () => 0),
  size: Number(info.size),
  position: 0,
  offset: 0,
  unsettled: [],
  isThrough: false,
  attempts: 0,
  nextAt: 0
})

const json = Schema.parseJson(State)
const encode = Schema.encodeSync(json)
const decode = Schema.decodeOption(json)

const pathOf = (directory: string, name: string): string => `${directory}/${stateDirectory}/${name}`

/** Nothing, too, where it cannot be read: then all of the file is handed over again. */
export const readState = (directory: string, name: string): Effect.Effect<State | undefined, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(pathOf(directory, name))).pipe(
    Effect.map((text) => Option.getOrUndefined(decode(text))),
    Effect.orElseSucceed(() => undefined)
  )

/** Not synced: what is forgotten in a power cut is handed over again, under the same keys. */
export const writeState = (directory: string, name: string, state: State): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  AtomicFile.replace(pathOf(directory, name), encode(state), { mode: 0o600, fsync: false })

export const removeState = (directory: string, name: string): Effect.Effect<void, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.ignore(fs.remove(pathOf(directory, name), { force: true })))
