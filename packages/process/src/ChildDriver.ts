/**
 * What a platform must be able to do so that children can be supervised on it. Everything else (draining, stopping,
 * deciding, reporting) is derived from these few functions, once, by `ChildSpawner.make`.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import type { ProcessInfo } from "@tether/host/ProcessInfo"
import type * as Effect from "effect/Effect"
import type { Containment } from "./ExitReport.js"
import type { ExitStatus } from "./ExitStatus.js"
import type { Reason } from "./SpawnError.js"

/**
 * One of the two streams a child writes.
 *
 * @example
 * ```ts
 * import type { StreamName } from "@tether/process/ChildDriver"
 *
 * const short = (stream: StreamName) => stream === "stdout" ? "out" : "err"
 * ```
 */
export type StreamName = "stdout" | "stderr"

/**
 * A command whose options have all been checked and resolved: the driver only carries it out.
 *
 * `env` holds the changes to this process's own environment (`undefined` removes), or to an empty one where `extendEnv`
 * is false; it is itself undefined where nothing changes, so that nothing need be copied. A stream that is `"pipe"` is
 * read by us.
 *
 * @example
 * ```ts
 * import type { LaunchRequest } from "@tether/process/ChildDriver"
 *
 * const words = (request: LaunchRequest) => [request.program, ...request.args]
 * ```
 */
export interface LaunchRequest {
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string | undefined
  readonly env: ReadonlyMap<string, string | undefined> | undefined
  readonly extendEnv: boolean
  readonly uid: number | undefined
  readonly gid: number | undefined
  readonly stdin: "null" | "inherit"
  readonly stdout: "pipe" | "null" | "inherit"
  readonly stderr: "pipe" | "null" | "inherit"
}

/**
 * What the driver calls as things happen. None of them is called before `launch` has succeeded; `exited` is called once,
 * and so is `end` for each stream that is a pipe, by end of file, by an error, or after `close`.
 *
 * @example
 * ```ts
 * import type { LaunchEvents } from "@tether/process/ChildDriver"
 * import { Exited } from "@tether/process/ExitStatus"
 *
 * const printsHi = (events: LaunchEvents) => {
 *   events.data("stdout", new TextEncoder().encode("hi\n"))
 *   events.end("stdout")
 *   events.end("stderr")
 *   events.exited(Exited(0))
 * }
 * ```
 */
export interface LaunchEvents {
  readonly data: (stream: StreamName, chunk: Uint8Array) => void
  readonly end: (stream: StreamName) => void
  readonly exited: (status: ExitStatus) => void
}

/**
 * A process that runs.
 *
 * - `pause`, `resume`: stop and go on reading a stream. Repeating either does nothing.
 * - `close`: give a stream up; whoever still writes to it is told by the system.
 * - `signal`: to the child's whole group (to its leader, where there are no groups). False when none is left.
 * - `isEmpty`: whether the group has no living member. It is asked often and must cost next to nothing.
 * - `members`: who lives in the group, the leader included.
 * - `holders`: who, other than us, has a stream's pipe open.
 * - `turn`: one turn of whatever brings data, so that quiet can be told from not having looked.
 * - `settle`: time for an end that has happened already to become known. Fast where none has.
 *
 * @example
 * ```ts
 * import type { Launched } from "@tether/process/ChildDriver"
 *
 * const terminate = (launched: Launched) => launched.isEmpty() || launched.signal("SIGTERM")
 * ```
 */
export interface Launched {
  readonly pid: number
  readonly containment: Containment
  readonly pause: (stream: StreamName) => void
  readonly resume: (stream: StreamName) => void
  readonly close: (stream: StreamName) => void
  readonly signal: (signal: Signal) => boolean
  readonly isEmpty: () => boolean
  readonly members: Effect.Effect<ReadonlyArray<ProcessInfo>>
  readonly holders: (stream: StreamName) => Effect.Effect<ReadonlyArray<ProcessInfo>>
  readonly turn: Effect.Effect<void>
  readonly settle: Effect.Effect<void>
}

/**
 * Why a launch was refused, in the words of `SpawnError`. `problem` is one sentence without secrets.
 *
 * @example
 * ```ts
 * import type { LaunchFailure } from "@tether/process/ChildDriver"
 *
 * const missing: LaunchFailure = { reason: "NotFound", problem: "no such program", code: "ENOENT" }
 * ```
 */
export interface LaunchFailure {
  readonly reason: Reason
  readonly problem: string
  readonly code: string | undefined
}

/**
 * How children are started on one platform. `launch` must begin reading in the same synchronous step as it spawns: a
 * reader that comes later finds nothing, because an ended child's output is thrown away when nobody reads it. It is run
 * uninterruptibly, and leaves nothing open when it fails.
 *
 * @example
 * ```ts
 * import type { ChildDriver } from "@tether/process/ChildDriver"
 * import * as Effect from "effect/Effect"
 *
 * const nothingCanStart: ChildDriver = {
 *   launch: () => Effect.fail({ reason: "Unsupported", problem: "no processes here", code: undefined })
 * }
 * ```
 */
export interface ChildDriver {
  readonly launch: (request: LaunchRequest, events: LaunchEvents) => Effect.Effect<Launched, LaunchFailure>
}
