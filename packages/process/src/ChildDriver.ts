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
 * read by us. `label` is for people, with secrets replaced. `containment` is the level that was asked for, if one was:
 * it is obtained, or the launch fails. Members of a `leavable` child may be left alone in the end.
 *
 * @example
 * ```ts
 * import type { LaunchRequest } from "@tether/process/ChildDriver"
 *
 * const words = (request: LaunchRequest) => [request.program, ...request.args]
 * ```
 */
export interface LaunchRequest {
  readonly label: string
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
  readonly containment: Containment | undefined
  readonly leavable: boolean
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
 * Whether anything of a child lives: something known does, nothing known does (and a search is due), or nothing does.
 *
 * @example
 * ```ts
 * import type { Presence } from "@tether/process/ChildDriver"
 *
 * const isOver = (presence: Presence) => presence === "none"
 * ```
 */
export type Presence = "some" | "unproven" | "none"

/**
 * A process that runs.
 *
 * - `pause`, `resume`: stop and go on reading a stream. Repeating either does nothing.
 * - `close`: give a stream up; whoever still writes to it is told by the system.
 * - `signal`: to every known member: the child's group (its leader, where there are no groups), and what a search has
 *   found beside it. False when none is left.
 * - `presence`: whether a member lives. It is asked often and must cost next to nothing. Until the leader's end it is
 *   `"some"`, and once it was `"none"` it stays so.
 * - `search`: looks for members that are not in the group, as far as the level reaches. True if it found some that were
 *   not known. Searches that are asked for together are one.
 * - `members`: who lives, the leader included, as far as is known.
 * - `leave`: what still lives is not the child's any more.
 * - `holders`: who, other than us, has a stream's pipe open.
 * - `turn`: one turn of whatever brings data, so that quiet can be told from not having looked.
 * - `settle`: time for an end that has happened already to become known. Fast where none has.
 *
 * @example
 * ```ts
 * import type { Launched } from "@tether/process/ChildDriver"
 *
 * const terminate = (launched: Launched) => launched.presence() === "none" || launched.signal("SIGTERM")
 * ```
 */
export interface Launched {
  readonly pid: number
  readonly containment: Containment
  readonly pause: (stream: StreamName) => void
  readonly resume: (stream: StreamName) => void
  readonly close: (stream: StreamName) => void
  readonly signal: (signal: Signal) => boolean
  readonly presence: () => Presence
  readonly search: Effect.Effect<boolean>
  readonly members: Effect.Effect<ReadonlyArray<ProcessInfo>>
  readonly leave: () => void
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
