/**
 * What is captured turn by turn, while a session lasts.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as AtomicFile from "@tether/host/AtomicFile"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as Effect from "effect/Effect"
import type { CaptureHeader } from "../CaptureRecord.js"
import * as Transcript from "../Transcript.js"
import { eventOf } from "./captureLine.js"
import { safeName } from "./names.js"

const livePath = (directory: string, sessionId: string): string => `${directory}/${safeName(sessionId)}.live.jsonl`

/** How far a transcript was captured. */
interface Mark {
  readonly offset: number
  readonly turn: number
}

const markPath = (directory: string, sessionId: string): string => `${directory}/${safeName(sessionId)}.live.mark`

const readMark = (path: string): Effect.Effect<Mark, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)).pipe(
    Effect.map((text): Mark => {
      const [offset, turn] = text.split(" ").map(Number)
      const isMark = Number.isSafeInteger(offset) && Number.isSafeInteger(turn)
      return isMark ? { offset: offset ?? 0, turn: turn ?? 0 } : { offset: 0, turn: 0 }
    }),
    Effect.orElseSucceed(() => ({ offset: 0, turn: 0 }))
  )

interface Appending {
  readonly directory: string
  readonly sessionId: string
  readonly transcript: string
  readonly header: CaptureHeader
  readonly now: number
}

export const appendLive = ({ directory, header, now, sessionId, transcript }: Appending) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = livePath(directory, sessionId)
    const size = yield* FileAttempt.attempt("look at the transcript", transcript)(Effect.map(fs.stat(transcript), (info) => Number(info.size)))
    const mark = yield* readMark(markPath(directory, sessionId))
    // Shorter than it was: it is another one, or was begun anew.
    const from = mark.offset > size ? { offset: 0, turn: 0 } : mark
    const excerpt = yield* Transcript.read(transcript, {
      from: from.offset,
      lastNumber: from.turn,
      maxTurns: Number.POSITIVE_INFINITY,
      isOpen: true
    })
    const lines = excerpt.turns.map((turn) => JSON.stringify(eventOf(sessionId, turn, now)))
    if (lines.length > 0) yield* append(path, JSON.stringify(header), lines)
    // Afterwards: who is killed in between captures these turns again, under the same keys.
    const next = `${excerpt.end} ${excerpt.lastNumber}`
    yield* AtomicFile.replace(markPath(directory, sessionId), next, { mode: 0o600, fsync: false })
    return { status: "deferred", path, events: lines.length } as const
  })

const encoder = new TextEncoder()

/** In one write, with the header if it is the first. Never through a link that somebody has put there. */
const append = (path: string, header: string, lines: ReadonlyArray<string>): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const isLink = yield* Effect.match(fs.readLink(path), { onFailure: () => false, onSuccess: () => true })
    if (isLink) return yield* Effect.fail(FileAttempt.refused("append to", path, "Invalid", "it is a symbolic link"))
    yield* FileAttempt.attempt("append to", path)(Effect.gen(function*() {
      const file = yield* fs.open(path, { flag: "a", mode: 0o600 })
      const isNew = Number((yield* file.stat).size) === 0
      yield* file.writeAll(encoder.encode([...(isNew ? [header] : []), ...lines].map((line) => `${line}\n`).join("")))
      yield* file.sync
    }))
  }))

/** It is complete: whoever drains may take it. */
export const retireLive = (directory: string, sessionId: string, now: number): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => {
    const path = livePath(directory, sessionId)
    const retired = `${directory}/${safeName(sessionId)}.live-${now}.jsonl`
    return fs.rename(path, retired).pipe(
      Effect.catchIf(FileAttempt.isNotFound, () => Effect.void),
      FileAttempt.attempt("retire", path)
    )
  })
