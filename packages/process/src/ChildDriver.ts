/**
 * What a platform must be able to do so that children can be supervised on it. Everything else (draining, stopping,
 * deciding, reporting) is derived from these few functions, once, by `ChildSpawner.make`.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import type { ProcessInfo } from "@tether/host/ProcessInfo"
import type * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import type { Containment } from "./ExitReport.js"
import type { ExitStatus } from "./ExitStatus.js"
import type { Reason } from "./SpawnError.js"

/**
 * A stream that a child writes and we read: its stdout, its stderr, or a descriptor above them, by its number.
 *
 * @example
 * ```ts
 * import type { StreamName } from "@tether/process/ChildDriver"
 *
 * const status: StreamName = "fd3"
 * ```
 */
export type StreamName = "stdout" | "stderr" | `fd${number}`

/**
 * The name of the stream that a child writes at a descriptor.
 *
 * @example
 * ```ts
 * import { streamAt } from "@tether/process/ChildDriver"
 *
 * console.log(streamAt(1), streamAt(3)) // stdout fd3
 * ```
 */
export const streamAt = (descriptor: number): StreamName => {
  if (descriptor === 1) return "stdout"
  return descriptor === 2 ? "stderr" : `fd${descriptor}`
}

/**
 * The descriptor at which a child writes a stream.
 *
 * @example
 * ```ts
 * import { descriptorOf } from "@tether/process/ChildDriver"
 *
 * console.log(descriptorOf("stderr")) // 2
 * ```
 */
export const descriptorOf = (stream: StreamName): number => {
  if (stream === "stdout") return 1
  return stream === "stderr" ? 2 : Number(stream.slice(2))
}

/**
 * Something that is open here and that a child is to be given: a file, or one end of a pipe. It is made by a driver and
 * understood by it alone. Who is given it closes it: a launch closes those of its request whether it succeeds or fails.
 * Closing it again does nothing.
 *
 * @example
 * ```ts
 * import type { Handle } from "@tether/process/ChildDriver"
 *
 * const giveUp = (handles: ReadonlyArray<Handle>) => handles.forEach((handle) => handle.close())
 * ```
 */
export interface Handle {
  readonly _tag: "Handle"
  readonly close: () => void
}

/**
 * A file that is to be a descriptor of a child: read, added to, or emptied first and then written.
 *
 * @example
 * ```ts
 * import type { File } from "@tether/process/ChildDriver"
 *
 * const log: File = { _tag: "File", path: "/tmp/log", access: "append" }
 * ```
 */
export interface File {
  readonly _tag: "File"
  readonly path: string
  readonly access: "read" | "write" | "append"
}

/**
 * A pipe of the kernel: what is written to the one end is read from the other, and none of it passes through us.
 *
 * @example
 * ```ts
 * import type { KernelPipe } from "@tether/process/ChildDriver"
 *
 * const close = (pipe: KernelPipe) => {
 *   pipe.reader.close()
 *   pipe.writer.close()
 * }
 * ```
 */
export interface KernelPipe {
  readonly reader: Handle
  readonly writer: Handle
}

/**
 * What a child finds at one of its descriptors: /dev/null, what we have at the same number, a pipe that we write
 * (`"input"`) or read (`"output"`), a file, or something that is open already.
 *
 * @example
 * ```ts
 * import type { Descriptor } from "@tether/process/ChildDriver"
 *
 * const isOurs = (descriptor: Descriptor) => descriptor === "input" || descriptor === "output"
 * ```
 */
export type Descriptor = "null" | "inherit" | "input" | "output" | File | Handle

/**
 * A command whose options have all been checked and resolved: the driver only carries it out.
 *
 * `env` holds the changes to this process's own environment (`undefined` removes), or to an empty one where `extendEnv`
 * is false; it is itself undefined where nothing changes, so that nothing need be copied. `descriptors` has 0, 1 and 2,
 * and whatever else the child is to have; `pipes` says what those that we write and read are to be, `"fifo"` being one
 * that can be opened again by its name in `/dev/fd`, as no socket can. `label` is for people, with secrets replaced.
 * `containment` is the level that was asked for, if one was: it is obtained, or the launch fails. Members of a
 * `leavable` child may be left alone in the end.
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
  readonly argv0: string | undefined
  readonly cwd: string | undefined
  readonly env: ReadonlyMap<string, string | undefined> | undefined
  readonly extendEnv: boolean
  readonly uid: number | undefined
  readonly gid: number | undefined
  readonly descriptors: ReadonlyMap<number, Descriptor>
  readonly pipes: "socket" | "fifo"
  readonly containment: Containment | undefined
  readonly leavable: boolean
}

/**
 * What the driver calls as things happen. None of them is called before `launch` has succeeded; `exited` is called
 * once, and so is `end` for each stream that is a pipe, by end of file, by an error, or after `close`.
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
 * Why a pipe did not take what was written to it: nobody has its other end any more (`isReaderGone`), or something
 * else, for which `code` is the system's word.
 *
 * @example
 * ```ts
 * import type { WriteFailure } from "@tether/process/ChildDriver"
 *
 * const gone: WriteFailure = { isReaderGone: true, code: "EPIPE" }
 * ```
 */
export interface WriteFailure {
  readonly isReaderGone: boolean
  readonly code: string | undefined
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
 * - `cwd`: the directory in which it was started, in full, if that is known.
 * - `pause`, `resume`: stop and go on reading a stream. Repeating either does nothing.
 * - `close`: give a stream up; whoever still writes to it is told by the system.
 * - `write`: gives pieces to a pipe that is `"input"`, at once if the system can, and says when it has taken all of
 *   them, or why it will not. Nothing is written before the last write has been answered, and nothing once the child
 *   has ended.
 * - `endInput`: the end of that input, after what was written. Repeating it does nothing.
 * - `signal`: to every known member: the child's group (its leader, where there are no groups), and what a search has
 *   found beside it. False when none is left.
 * - `presence`: whether a member lives. It is asked often and must cost next to nothing. Until the leader's end it is
 *   `"some"`, and once it was `"none"` it stays so.
 * - `search`: looks for members that are not in the group, as far as the level reaches. True if it found some that were
 *   not known. Searches that are asked for together are one.
 * - `members`: who lives, the leader included, as far as is known.
 * - `suspects`: processes that the child may have started though nothing shows it any more, such as a daemon that has
 *   overwritten its environment. They are named, and never signalled.
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
  readonly cwd: string | undefined
  readonly containment: Containment
  readonly pause: (stream: StreamName) => void
  readonly resume: (stream: StreamName) => void
  readonly close: (stream: StreamName) => void
  readonly write: (
    descriptor: number,
    pieces: ReadonlyArray<Uint8Array>,
    done: (failure?: WriteFailure) => void
  ) => void
  readonly endInput: (descriptor: number) => void
  readonly signal: (signal: Signal) => boolean
  readonly presence: () => Presence
  readonly search: Effect.Effect<boolean>
  readonly members: Effect.Effect<ReadonlyArray<ProcessInfo>>
  readonly suspects: Effect.Effect<ReadonlyArray<ProcessInfo>>
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
 * uninterruptibly, and leaves nothing open when it fails. So are the others, which
 * serve children that are to run together, none of which is to be started in vain: `pipes` makes as many as are asked
 * for; `files` opens all of these files or none, and those that are written under several names once; `refusal` tells
 * beforehand, as far as it can be told, why a program would not start. `clock` is the one by which waits about its
 * children are measured. That of real processes is live and monotonic, as `ActiveTime.clock` is, whatever clock the
 * fiber has.
 *
 * @example
 * ```ts
 * import * as ActiveTime from "@tether/host/ActiveTime"
 * import type { ChildDriver } from "@tether/process/ChildDriver"
 * import * as Effect from "effect/Effect"
 *
 * const refusal = { reason: "Unsupported", problem: "no processes here", code: undefined } as const
 * const nothingCanStart: ChildDriver = {
 *   clock: Effect.succeed(ActiveTime.clock),
 *   launch: () => Effect.fail(refusal),
 *   pipes: () => Effect.fail(refusal),
 *   files: () => Effect.fail(refusal),
 *   refusal: () => refusal
 * }
 * ```
 */
export interface ChildDriver {
  readonly clock: Effect.Effect<Clock.Clock>
  readonly launch: (request: LaunchRequest, events: LaunchEvents) => Effect.Effect<Launched, LaunchFailure>
  readonly pipes: (count: number) => Effect.Effect<ReadonlyArray<KernelPipe>, LaunchFailure>
  readonly files: (files: ReadonlyArray<File>) => Effect.Effect<ReadonlyArray<Handle>, LaunchFailure>
  readonly refusal: (request: LaunchRequest) => LaunchFailure | undefined
}
