/**
 * What is captured turn by turn, while a session lasts.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as AtomicFile from "@tether/host/AtomicFile"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import type { CaptureHeader } from "../CaptureRecord.js"
import * as Transcript from "../Transcript.js"
import { appendLines } from "./appendLines.js"
import { eventOf } from "./captureLine.js"
import { fileName, retiredName, uniqueName } from "./names.js"

const livePath = (directory: string, sessionId: string): string => `${directory}/${fileName(`${uniqueName(sessionId)}.live`)}`

const markPath = (directory: string, sessionId: string): string => `${directory}/${uniqueName(sessionId)}.live.mark`

/** How far a transcript was captured, and what stands before that place: another transcript has something else there. */
interface Mark {
  readonly offset: number
  readonly turn: number
  readonly before: string
}

const beginning: Mark = { offset: 0, turn: 0, before: "" }

const readMark = (path: string): Effect.Effect<Mark, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)).pipe(
    Effect.map((text) => {
      const [, offset, turn, before = ""] = /^(\d{1,15}) (\d{1,15}) ([0-9a-f]+)$/.exec(text) ?? []
      return offset === undefined || turn === undefined ? beginning : { offset: Number(offset), turn: Number(turn), before }
    }),
    Effect.orElseSucceed(() => beginning)
  )

/** So much before a place tells it from others, in bytes. */
const compared = 1024

/** What stands before a place in a file, as a hash. */
const textBefore = (path: string, offset: number): Effect.Effect<string, FileError, FileSystem.FileSystem> =>
  Effect.scoped(Effect.gen(function*() {
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
  })).pipe(FileAttempt.attempt("look at the transcript", path))

interface Appending {
  readonly directory: string
  readonly sessionId: string
  readonly transcript: string
  readonly header: CaptureHeader
  readonly now: number
}

export const appendLive = ({ directory, header, now, sessionId, transcript }: Appending) =>
  Effect.gen(function*() {
    const path = livePath(directory, sessionId)
    const mark = yield* readMark(markPath(directory, sessionId))
    // Shorter than it was, or another one: it is read from its beginning, and what is known is known by its keys.
    const isSame = mark.offset > 0 && (yield* textBefore(transcript, mark.offset)) === mark.before
    const from = isSame ? mark : beginning
    const excerpt = yield* Transcript.read(transcript, {
      from: from.offset,
      lastNumber: from.turn,
      maxTurns: Number.POSITIVE_INFINITY,
      isOpen: true
    })
    const lines = excerpt.turns.map((turn) => JSON.stringify(eventOf(sessionId, turn, now)))
    if (lines.length > 0) {
      // Of two that begin at once, one makes the file, with its header.
      yield* AtomicFile.create(path, `${JSON.stringify(header)}\n`, { fsync: false }).pipe(
        Effect.catchIf(({ reason }) => reason === "AlreadyExists", () => Effect.void)
      )
      yield* appendLines(path, lines)
    }
    // Afterwards: who is killed in between captures these turns again, under the same keys.
    const next = `${excerpt.end} ${excerpt.lastNumber} ${yield* textBefore(transcript, excerpt.end)}`
    yield* AtomicFile.replace(markPath(directory, sessionId), next, { mode: 0o600, fsync: false })
    return { status: "deferred", path, events: lines.length } as const
  })

/** It is complete: whoever drains may take it. */
export const retireLive = (directory: string, sessionId: string, now: number): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => {
    const path = livePath(directory, sessionId)
    return fs.rename(path, retiredName(path, now)).pipe(
      Effect.catchIf(FileAttempt.isNotFound, () => Effect.void),
      FileAttempt.attempt("retire", path)
    )
  })
