/**
 * How far a transcript was captured turn by turn.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as AtomicFile from "@tether/host/AtomicFile"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as FileTime from "@tether/host/FileTime"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { createHash } from "node:crypto"
import { namesIn } from "./directory.js"
import { uniqueName } from "./names.js"

const markEnding = ".live.mark"

export const markPath = (directory: string, sessionId: string): string =>
  `${directory}/${uniqueName(sessionId)}${markEnding}`

/**
 * The place in the transcript, and what stands before it: another transcript has something else there. `answering` is
 * what the agent answers at that place.
 */
export interface Mark {
  readonly offset: number
  readonly turn: number
  readonly before: string
  readonly answering: string | undefined
}

const beginning: Mark = { offset: 0, turn: 0, before: "", answering: undefined }

/**
 * Where to go on in a transcript of this size. One that is shorter than it was, or another one, is read from its
 * beginning.
 */
export const markIn = (
  path: string,
  transcript: string,
  size: number
): Effect.Effect<Mark, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const mark = yield* readMark(path)
    // What is shorter is not opened: it may have become a pipe.
    const isSame =
      mark.offset > 0 && mark.offset <= size && (yield* textBefore(transcript, mark.offset)) === mark.before
    return isSame ? mark : beginning
  })

const readMark = (path: string): Effect.Effect<Mark, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    // A pipe would be waited for.
    return (yield* fs.stat(path)).type === "File" ? yield* fs.readFileString(path) : ""
  }).pipe(
    Effect.map((text) => {
      const [, offset, turn, before = "", answering] =
        /^(\d{1,15}) (\d{1,15}) ([0-9a-f]+)(?: ([!-~]+))?$/.exec(text) ?? []
      return offset === undefined || turn === undefined
        ? beginning
        : { offset: Number(offset), turn: Number(turn), before, answering }
    }),
    Effect.orElseSucceed(() => beginning)
  )

export const writeMark = (
  path: string,
  transcript: string,
  { answering, offset, turn }: Omit<Mark, "before">
): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.flatMap(textBefore(transcript, offset), (before) =>
    AtomicFile.replace(path, [offset, turn, before, ...(isWord(answering) ? [answering] : [])].join(" "), {
      mode: 0o600,
      fsync: false
    })
  )

/** The ids of programs are words, and a line of ours has no room for anything else. */
const isWord = (text: string | undefined): boolean => text !== undefined && /^[!-~]{1,200}$/.test(text)

/** A session of which nothing was captured for so long has ended without a word. */
const forgottenAfter = Duration.days(7)

/** Should it go on after all, its transcript is read from the beginning. */
export const forgetOldMarks = (directory: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(forgottenAfter)
    for (const name of (yield* namesIn(directory)).filter((name) => name.endsWith(markEnding))) {
      const path = `${directory}/${name}`
      const changed = yield* Effect.flatMap(Effect.option(fs.stat(path)), (info) =>
        Option.isNone(info) ? Effect.succeedNone : FileTime.pastTime(path, info.value)
      )
      if (Option.isSome(changed) && changed.value < before) yield* Effect.ignore(fs.remove(`${directory}/${name}`))
    }
  })

/** So much before a place tells it from others, in bytes. */
const compared = 1024

/** What stands before a place in a file, as a hash. */
const textBefore = (path: string, offset: number): Effect.Effect<string, FileError, FileSystem.FileSystem> =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const file = yield* fs.open(path, { flag: "r" })
      const from = Math.max(0, offset - compared)
      const bytes = new Uint8Array(offset - from)
      yield* file.seek(from, "start")
      let length = 0
      while (length < bytes.length) {
        const read = Number(yield* file.read(bytes.subarray(length)))
        if (read === 0) break
        length += read
      }
      return createHash("sha256").update(bytes.subarray(0, length)).digest("hex").slice(0, 16)
    })
  ).pipe(FileAttempt.attempt("look at the transcript", path))
