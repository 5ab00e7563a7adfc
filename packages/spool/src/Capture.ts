/**
 * What is kept of an agent's session when it ends, or after each turn: handed to a daemon that is up, or deferred to
 * disk. Nothing of it starts a process.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as ActiveTime from "@tether/host/ActiveTime"
import type { FileError } from "@tether/host/FileError"
import * as SortableId from "@tether/host/SortableId"
import * as StateDir from "@tether/host/StateDir"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CaptureHeader } from "./CaptureRecord.js"
import { eventOf, headerOf } from "./internal/captureLine.js"
import { type Counts, deliver } from "./internal/deliver.js"
import { appendLive, retireLive } from "./internal/live.js"
import { safeName } from "./internal/names.js"
import { ownCwd } from "./internal/ownCwd.js"
import { publish } from "./internal/publish.js"
import { checkSocketPath } from "./internal/socketPath.js"
import { turnsOf } from "./internal/turnsOf.js"

/**
 * What is done with a capture: `always-defer` writes it to disk; `probe-then-live` hands it to the daemon if one
 * answers, and writes it to disk otherwise; `live-or-fail` never writes it.
 *
 * @example
 * ```ts
 * import type { Policy } from "@tether/spool/Capture"
 *
 * const policy: Policy = "probe-then-live"
 * ```
 */
export type Policy = "probe-then-live" | "always-defer" | "live-or-fail"

/**
 * What became of it. A failure is an answer too: the end of a session has no use for an error. `unknown` is how many
 * lines of the transcript were left out because their kind is not known. It is absent when there were none. `missing`
 * says that there is no transcript: nothing was captured.
 *
 * @example
 * ```ts
 * import type { Outcome } from "@tether/spool/Capture"
 *
 * const isSafe = ({ status }: Outcome) => status !== "failed"
 * ```
 */
export type Outcome =
  | ({
      readonly status: "delivered"
      readonly events: number
      readonly unknown?: number
      readonly missing?: true
    } & Counts)
  | {
      readonly status: "deferred"
      readonly path: string
      readonly events: number
      readonly unknown?: number
      readonly missing?: true
      readonly because?: string
    }
  | { readonly status: "failed"; readonly reason: string }

/**
 * - `sessionId`: whose transcript it is. `cwd`: where it ran; default: our own working directory.
 * - `maxTurns`: of the newest. Default 200.
 * - `lastAnswer`: the agent's last words, if its program tells them beside the transcript. A hook may run before they
 *   are in it.
 * - `socket`: of the daemon; default `$TETHER_DAEMON_SOCKET`, otherwise `daemon.sock` in the state directory `spool`.
 * - `answerWithin`: how long the daemon may take, in milliseconds. Default 600.
 *
 * @example
 * ```ts
 * import type { Request } from "@tether/spool/Capture"
 *
 * const request: Request = { transcript: "/home/dev/.agent/1.jsonl", sessionId: "1", policy: "always-defer" }
 * ```
 */
export interface Request {
  readonly transcript: string
  readonly sessionId: string
  readonly policy?: Policy | undefined
  readonly cwd?: string | undefined
  readonly maxTurns?: number | undefined
  readonly lastAnswer?: string | undefined
  readonly socket?: string | undefined
  readonly answerWithin?: number | undefined
}

/**
 * The directory of deferrals, which the environment tells at call time: `deferred-captures` in the state directory. It
 * is made with mode 0700.
 *
 * @example
 * ```ts
 * import * as Capture from "@tether/spool/Capture"
 * import * as Effect from "effect/Effect"
 *
 * const said = Effect.flatMap(Capture.directory, (path) => Effect.log(path))
 * ```
 */
export const directory: Effect.Effect<string, FileError, FileSystem.FileSystem> = Effect.suspend(() =>
  StateDir.stateDir(folder)
)

const folder = "deferred-captures"

/**
 * Where the daemon listens, as the environment tells at call time. Fails if `TETHER_DAEMON_SOCKET` is longer than a
 * socket's path may be.
 *
 * @example
 * ```ts
 * import * as Capture from "@tether/spool/Capture"
 * import * as Effect from "effect/Effect"
 *
 * const said = Effect.flatMap(Capture.socketPath, (path) => Effect.log(path))
 * ```
 */
export const socketPath: Effect.Effect<string, FileError, FileSystem.FileSystem> = Effect.suspend(() => {
  const given = process.env["TETHER_DAEMON_SOCKET"]
  if (given !== undefined && given !== "") return Effect.as(checkSocketPath(given), given)
  return Effect.flatMap(StateDir.statePath("spool"), (path) => StateDir.socketPath(path, "daemon.sock"))
})

/** A daemon that is up answers a connection at once. */
const connectWithin = 250

const answerWithin = 600

/** With less time than this it is not asked at all, in milliseconds. */
const leastAsked = 50

/**
 * Captures a whole transcript, at the end of a session. It never fails; a transcript that is not there is an empty one.
 *
 * @example
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as Capture from "@tether/spool/Capture"
 * import * as Effect from "effect/Effect"
 *
 * const program = Capture.transcript({ transcript: "/home/dev/.agent/1.jsonl", sessionId: "1" }).pipe(
 *   Effect.tap((outcome) => Effect.log(outcome.status)),
 *   Effect.provide(NodeFileSystem.layer)
 * )
 * ```
 */
export const transcript = (request: Request): Effect.Effect<Outcome, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { policy = "probe-then-live", sessionId } = request
    const now = yield* Clock.currentTimeMillis
    const answerBefore = (yield* ActiveTime.now) + (request.answerWithin ?? answerWithin)
    // What was kept turn by turn is complete. Whoever drains it knows it by its keys.
    yield* Effect.ignore(Effect.flatMap(StateDir.statePath(folder), (path) => retireLive(path, sessionId, now)))
    const { told, turns } = yield* turnsOf(request)
    const header = headerOf(sessionId, cwdOf(request), now)
    const lines = turns.map((turn) => JSON.stringify(eventOf(sessionId, turn, now)))
    if (policy === "always-defer") return { ...(yield* deferred(sessionId, header, lines)), ...told }
    // Reading has taken some of it.
    const left = answerBefore - (yield* ActiveTime.now)
    if (left < leastAsked && policy === "probe-then-live") {
      return { ...(yield* deferred(sessionId, header, lines)), ...told, because: "no time was left to ask the daemon" }
    }
    const live = yield* Effect.either(
      Effect.flatMap(request.socket === undefined ? socketPath : Effect.succeed(request.socket), (socket) =>
        deliver({ socket, header, lines, connectWithin, answerWithin: Math.max(leastAsked, left) })
      )
    )
    if (live._tag === "Right")
      return { status: "delivered", events: lines.length, ...told, ...live.right } satisfies Outcome
    const problem = live.left._tag === "Undelivered" ? live.left.problem : live.left.message
    if (policy === "live-or-fail")
      return { status: "failed", reason: `the daemon has not taken it: ${problem}` } satisfies Outcome
    return { ...(yield* deferred(sessionId, header, lines)), ...told, because: problem }
  }).pipe(Effect.catchAll((error) => Effect.succeed<Outcome>({ status: "failed", reason: error.message })))

const nextId = SortableId.make()

/**
 * A disk that fifty others want as well may take longer: a file that is not yet safe from a power cut is better than
 * none.
 */
const syncWithin = Duration.millis(200)

const deferred = (sessionId: string, header: CaptureHeader, lines: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const path = yield* directory
    const now = yield* Clock.currentTimeMillis
    const name = `${safeName(sessionId)}-${Math.floor(now / 1000)}-${nextId(now)}`
    const file = yield* publish({ directory: path, name, header, lines, fsync: syncWithin })
    return { status: "deferred", path: file, events: lines.length } as const
  })

const cwdOf = ({ cwd }: Pick<Request, "cwd">): string => (cwd === undefined || cwd === "" ? ownCwd() : cwd)

/**
 * Captures what is new in a transcript since the last time, after a turn: appends it to `<session>.live.jsonl`, which
 * is left alone by whoever drains until the end of the session. A transcript that is shorter than it was is read from
 * its beginning.
 *
 * @example
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as Capture from "@tether/spool/Capture"
 * import * as Effect from "effect/Effect"
 *
 * const program = Capture.turn({ transcript: "/home/dev/.agent/1.jsonl", sessionId: "1" }).pipe(
 *   Effect.provide(NodeFileSystem.layer)
 * )
 * ```
 */
export const turn = (
  request: Pick<Request, "transcript" | "sessionId" | "cwd" | "lastAnswer">
): Effect.Effect<Outcome, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const { sessionId } = request
    const path = yield* directory
    return yield* appendLive({
      directory: path,
      sessionId,
      transcript: request.transcript,
      lastAnswer: request.lastAnswer,
      header: headerOf(sessionId, cwdOf(request), now),
      now
    })
  }).pipe(Effect.catchAll((error) => Effect.succeed<Outcome>({ status: "failed", reason: error.message })))
