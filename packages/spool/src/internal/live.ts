/**
 * What is captured turn by turn, while a session lasts.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as Effect from "effect/Effect"
import type { CaptureHeader } from "../CaptureRecord.js"
import * as Transcript from "../Transcript.js"
import { eventOf } from "./captureLine.js"
import { appendToLive } from "./liveFile.js"
import { markIn, markPath, writeMark } from "./mark.js"
import { fileName, retiredName, uniqueName } from "./names.js"

const livePath = (directory: string, sessionId: string): string =>
  `${directory}/${fileName(`${uniqueName(sessionId)}.live`)}`

interface Appending {
  readonly directory: string
  readonly sessionId: string
  readonly transcript: string
  readonly lastAnswer?: string | undefined
  readonly header: CaptureHeader
  readonly now: number
}

/** So much of a transcript is taken at once, in bytes: it may have become long before anybody looks. */
const portion = 4 * 1024 * 1024

export const appendLive = ({ directory, header, lastAnswer, now, sessionId, transcript }: Appending) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = livePath(directory, sessionId)
    // What comes while we are at it is for the next time.
    const size = Number((yield* FileAttempt.attempt("read the transcript", transcript)(fs.stat(transcript))).size)
    let { answering, offset, turn } = yield* markIn(markPath(directory, sessionId), transcript, size)
    let events = 0
    let unknown = 0
    while (true) {
      const read = yield* Transcript.read(transcript, {
        from: offset,
        lastNumber: turn,
        answering,
        // The last portion has it, or not.
        lastAnswer: size - offset <= portion ? lastAnswer : undefined,
        maxTurns: Number.POSITIVE_INFINITY,
        maxBytes: portion,
        isOpen: true
      })
      const { end, lastNumber, turns } = read
      unknown += read.unknown
      if (turns.length > 0)
        yield* appendToLive(
          path,
          header,
          turns.map((turn) => JSON.stringify(eventOf(sessionId, turn, now)))
        )
      events += turns.length
      // Afterwards: who is killed in between captures these turns again, under the same keys.
      yield* writeMark(markPath(directory, sessionId), transcript, {
        offset: end,
        turn: lastNumber,
        answering: read.answering
      })
      if (end === offset || end >= size) return { status: "deferred", path, events, ...leftOut(unknown) } as const
      offset = end
      turn = lastNumber
      answering = read.answering
    }
  })

/** Lines that are left out because nobody may have said them, told where there are any. */
export const leftOut = (unknown: number): { readonly unknown?: number } => (unknown === 0 ? {} : { unknown })

/** It is complete: whoever drains may take it. Where the session goes on after all, it is read from its beginning. */
export const retireLive = (
  directory: string,
  sessionId: string,
  now: number
): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = livePath(directory, sessionId)
    return yield* fs.rename(path, yield* freeName(path, now)).pipe(
      Effect.zipRight(Effect.ignore(fs.remove(markPath(directory, sessionId)))),
      Effect.catchIf(FileAttempt.isNotFound, () => Effect.void),
      FileAttempt.attempt("retire", path)
    )
  })

/** A session that has ended twice in a millisecond has two files. */
const freeName = (path: string, now: number): Effect.Effect<string, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.matchEffect(fs.stat(retiredName(path, now)), {
      onFailure: () => Effect.succeed(retiredName(path, now)),
      onSuccess: () => freeName(path, now + 1)
    })
  )
