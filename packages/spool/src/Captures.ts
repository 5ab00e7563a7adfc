/**
 * What becomes of captures: the spool of those that were deferred, and where they go by default.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as FileAttempt from "@tether/host/FileAttempt"
import * as StateDir from "@tether/host/StateDir"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Answer from "./Answer.js"
import * as Capture from "./Capture.js"
import { CaptureEvent } from "./CaptureRecord.js"
import { eventOf, headerOf, captureVersion } from "./internal/captureLine.js"
import { safeName } from "./internal/names.js"
import * as Spool from "./Spool.js"
import * as Transcript from "./Transcript.js"

/**
 * The spool in which captures are deferred, in the directory that the environment tells.
 *
 * @example
 * ```ts
 * import * as Captures from "@tether/spool/Captures"
 * import * as Effect from "effect/Effect"
 *
 * const waiting = Effect.flatMap(Captures.deferred, (spool) => spool.stats)
 * ```
 */
export const deferred: Effect.Effect<Spool.Spool<CaptureEvent>, FileError, FileSystem.FileSystem | ProcessIdentity> = Effect.flatMap(
  Capture.directory,
  (directory) => Spool.make({ directory, schema: CaptureEvent, version: captureVersion, keyOf: ({ key }) => key })
)

/**
 * Takes captures: what they are handed to, now or when they are drained.
 *
 * @example
 * ```ts
 * import * as Answer from "@tether/spool/Answer"
 * import type { CaptureHandler } from "@tether/spool/Captures"
 * import * as Effect from "effect/Effect"
 *
 * export const handler: CaptureHandler = ({ record }) => Effect.as(Effect.log(record.text), Answer.done)
 * ```
 */
export type CaptureHandler<R = never> = Spool.Handler<CaptureEvent, R>

/**
 * The handler where none is configured: each session has a file in the state directory `captures`, to which the events are
 * appended that are not in it yet.
 *
 * @example
 * ```ts
 * import * as Captures from "@tether/spool/Captures"
 * import * as Effect from "effect/Effect"
 *
 * const drained = Effect.gen(function*() {
 *   const spool = yield* Captures.deferred
 *   return yield* spool.drain(yield* Captures.toFiles)
 * })
 * ```
 */
export const toFiles: Effect.Effect<CaptureHandler, FileError, FileSystem.FileSystem> = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* StateDir.stateDir("captures")
  let last: { readonly path: string; readonly keys: Set<string> } | undefined
  /** The keys that are in a session's file; of the last session they are remembered. */
  const keysIn = (path: string) =>
    last?.path === path
      ? Effect.succeed(last.keys)
      : Effect.map(
        Effect.catchIf(fs.readFileString(path), FileAttempt.isNotFound, () => Effect.succeed("")),
        (text) => {
          last = { path, keys: new Set(text.split("\n").flatMap(keyIn)) }
          return last.keys
        }
      )
  return ({ header, record }) =>
    Effect.gen(function*() {
      const sessionId = header["session_id"]
      const path = `${directory}/${safeName(typeof sessionId === "string" ? sessionId : "unknown")}.jsonl`
      const keys = yield* keysIn(path)
      if (keys.has(record.key)) return Answer.known
      yield* fs.writeFileString(path, `${JSON.stringify({ ...record, session_id: sessionId })}\n`, { flag: "a", mode: 0o600 })
      keys.add(record.key)
      return Answer.done
    }).pipe(FileAttempt.attempt("keep the capture in", directory))
})

const keyIn = (line: string): ReadonlyArray<string> => {
  const key = /"key":"([0-9a-f]{32})"/.exec(line)?.[1]
  return key === undefined ? [] : [key]
}

/**
 * How many events were new, known already, not wanted; and how many things went wrong.
 *
 * @example
 * ```ts
 * import type { Ingested } from "@tether/spool/Captures"
 *
 * const isClean = ({ errors }: Ingested) => errors === 0
 * ```
 */
export interface Ingested {
  readonly inserted: number
  readonly reinforced: number
  readonly skipped: number
  readonly errors: number
}

/**
 * Hands the turns of a transcript over now, and defers nothing. A transcript that cannot be read is one error.
 *
 * @example
 * ```ts
 * import * as Captures from "@tether/spool/Captures"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.flatMap(Captures.toFiles, (handler) =>
 *   Captures.ingest({ transcript: "/home/dev/.agent/1.jsonl", sessionId: "1" }, handler))
 * ```
 */
export const ingest = <R>(
  request: Pick<Capture.Request, "transcript" | "sessionId" | "cwd" | "maxTurns">,
  handler: CaptureHandler<R>
): Effect.Effect<Ingested, never, R | FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const { maxTurns, sessionId, transcript } = request
    const { turns, undecodable } = yield* Transcript.read(transcript, { maxTurns })
    const now = yield* Clock.currentTimeMillis
    const header = { ...headerOf(sessionId, request.cwd ?? process.cwd(), now) }
    const counts = { inserted: 0, reinforced: 0, skipped: undecodable, errors: 0 }
    for (const turn of turns) {
      const record = eventOf(sessionId, turn, now)
      const answer = yield* handler({ record, key: record.key, file: transcript, position: turn.number, header }).pipe(
        Effect.catchAllCause((cause) => Effect.as(Effect.logError("a capture was not taken", cause), Answer.failed("it failed")))
      )
      if (answer._tag === "Done") counts[answer.isKnown ? "reinforced" : "inserted"]++
      else counts[answer._tag === "Skipped" ? "skipped" : "errors"]++
    }
    return counts
  }).pipe(
    Effect.catchAll((error) => Effect.as(Effect.logError(error.message), { inserted: 0, reinforced: 0, skipped: 0, errors: 1 }))
  )
