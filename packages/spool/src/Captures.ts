/**
 * What becomes of captures: the spool of those that were deferred, and where they go by default.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as FileLock from "@tether/host/FileLock"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as StateDir from "@tether/host/StateDir"
import * as TerminalText from "@tether/host/TerminalText"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Answer from "./Answer.js"
import * as Capture from "./Capture.js"
import { CaptureEvent } from "./CaptureRecord.js"
import { appendLines } from "./internal/appendLines.js"
import { batching, inBatch } from "./internal/batch.js"
import { eventOf, headerOf, captureVersion } from "./internal/captureLine.js"
import { maxLineBytes } from "./internal/format.js"
import { ask } from "./internal/handOver.js"
import { makeLines } from "./internal/lines.js"
import { forgetOldMarks } from "./internal/mark.js"
import { uniqueName } from "./internal/names.js"
import { ownCwd } from "./internal/ownCwd.js"
import { turnsOf } from "./internal/turnsOf.js"
import * as Spool from "./Spool.js"

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
export const deferred: Effect.Effect<
  Spool.Spool<CaptureEvent>,
  FileError,
  FileSystem.FileSystem | ProcessIdentity
> = Effect.flatMap(Capture.directory, (directory) =>
  Effect.zipRight(
    Effect.ignore(forgetOldMarks(directory)),
    Spool.make({ directory, schema: CaptureEvent, version: captureVersion, keyOf: ({ key }) => key })
  )
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
 * The handler where none is configured: each session has a file in the state directory `captures`, to which the events
 * are appended that are not in it yet.
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
export const toFiles: Effect.Effect<CaptureHandler, FileError, FileSystem.FileSystem | ProcessIdentity> = Effect.gen(
  function* () {
    const directory = yield* StateDir.stateDir("captures")
    const context = yield* Effect.context<FileSystem.FileSystem | ProcessIdentity>()
    let last: Known | undefined
    /**
     * The file of a session, which is ours until the scope closes: others may hand over the same session at this
     * moment.
     */
    const open = (path: string, scope: Scope.Scope) =>
      Effect.gen(function* () {
        yield* FileLock.acquire(`${path}.lock`, { label: "captures", wait: "5 seconds", pollEvery: "20 millis" })
        last = yield* keysIn(path, last)
        return { path, keys: last.keys, added: new Map<string, string>() } satisfies Page
      }).pipe(Scope.extend(scope), Effect.provide(context))
    const write = ({ added, path }: Page) =>
      added.size === 0 ? Effect.void : Effect.provide(appendLines(path, [...added.values()]), context)

    return batching((use) =>
      Effect.acquireUseRelease(
        Scope.make(),
        (scope) =>
          Effect.gen(function* () {
            const opened: Array<Page> = []
            // One that cannot be had is not waited for once more.
            const pageOf = yield* Effect.cachedFunction((path: string) =>
              Effect.tap(open(path, scope), (page) => opened.push(page))
            )
            const result = yield* use(({ header, record }) =>
              Effect.gen(function* () {
                // A header is written by others: what is no text may be nested too deeply to be written.
                const given = header["session_id"]
                const sessionId = typeof given === "string" ? given : undefined
                const path = `${directory}/${uniqueName(sessionId ?? "unknown")}.jsonl`
                const page = yield* pageOf(path)
                if (page.keys.has(record.key) || page.added.has(record.key)) return Answer.known
                page.added.set(record.key, JSON.stringify({ ...record, session_id: sessionId }))
                return Answer.done
              })
            )
            yield* Effect.forEach(opened, write, { discard: true })
            return result
          }),
        (scope, exit) => Scope.close(scope, exit)
      )
    )
  }
)

/** What is to come to a file: lines, by their keys. */
interface Page {
  readonly path: string
  readonly keys: ReadonlySet<string>
  readonly added: Map<string, string>
}

/** The keys that are in a file, up to an offset. */
interface Known {
  readonly path: string
  readonly inode: number
  readonly offset: number
  readonly keys: Set<string>
}

/** What is in a file now; of the file that was last looked at, only what has come to it is read. */
const keysIn = (path: string, last: Known | undefined): Effect.Effect<Known, FileError, FileSystem.FileSystem> =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const info = yield* fs.stat(path)
      const inode = Option.getOrElse(info.ino, () => 0)
      const isSame =
        last !== undefined && last.path === path && last.inode === inode && last.offset <= Number(info.size)
      const keys = isSame ? last.keys : new Set<string>()
      let offset = isSame ? last.offset : 0
      const lines = yield* makeLines(yield* fs.open(path, { flag: "r" }), offset, maxLineBytes)
      for (let some = yield* lines.next; some !== undefined; some = yield* lines.next) {
        for (const { end, isWhole, text } of some) {
          const key = keyIn(text)
          if (key !== undefined) keys.add(key)
          if (isWhole) offset = end
        }
      }
      return { path, inode, offset, keys }
    })
  ).pipe(
    Effect.catchIf(FileAttempt.isNotFound, () =>
      Effect.succeed({ path, inode: -1, offset: 0, keys: new Set<string>() })
    ),
    FileAttempt.attempt("read", path)
  )

/** None for a line that is torn: what it was is not there. */
const keyIn = (line: string | undefined): string | undefined => {
  try {
    const value: unknown = JSON.parse(line ?? "")
    return typeof value === "object" && value !== null && "key" in value && typeof value.key === "string"
      ? value.key
      : undefined
  } catch {
    return undefined
  }
}

const patience = Duration.seconds(10)

/**
 * Hands the turns of a transcript over now, and defers nothing. One that cannot be read is a failure.
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
  request: Pick<Capture.Request, "transcript" | "sessionId" | "cwd" | "maxTurns" | "lastAnswer">,
  handler: CaptureHandler<R>
): Effect.Effect<Capture.Outcome, never, R | FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { sessionId, transcript } = request
    const { told, turns, undecodable } = yield* turnsOf(request)
    const now = yield* Clock.currentTimeMillis
    const header = { ...headerOf(sessionId, request.cwd || ownCwd(), now) }
    const counts = { inserted: 0, reinforced: 0, skipped: undecodable, failed: 0 }
    yield* inBatch(handler, (handle) =>
      Effect.forEach(
        turns,
        (turn) =>
          Effect.gen(function* () {
            const record = eventOf(sessionId, turn, now)
            const item = { record, key: record.key, file: transcript, position: turn.number, header }
            const answer = yield* ask(() => handle(item), patience)
            if (answer._tag === "Failed")
              yield* Effect.logError(`turn ${turn.number} was not taken: ${TerminalText.sanitize(answer.error)}`)
            if (answer._tag === "Done") counts[answer.isKnown ? "reinforced" : "inserted"]++
            else counts[answer._tag === "Skipped" ? "skipped" : "failed"]++
          }),
        { discard: true }
      )
    )
    return { status: "delivered", events: turns.length, ...counts, ...told } as const
  }).pipe(Effect.catchAll((error) => Effect.succeed<Capture.Outcome>({ status: "failed", reason: error.message })))
