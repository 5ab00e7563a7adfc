/**
 * What is known of a child once it is over: one value, complete, for programs and for people.
 */
import * as ProcessInfo from "@tether/host/ProcessInfo"
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { ExitStatus } from "./ExitStatus.js"

/**
 * Who ended a child. One type wherever the question is asked.
 *
 * - `child`: it ended by itself.
 * - `owner`: the program that holds the handle stopped it.
 * - `scope`: its scope closed, or its run was interrupted, while it lived.
 * - `outside`: a signal that was not ours.
 * - `supervisor`, `reaper`, `unknown`: told by records that outlive the program.
 *
 * It is decided by what was known when we signalled: a child whose status had already arrived was not ended by us.
 *
 * @example
 * ```ts
 * import type { EndedBy } from "@tether/process/ExitReport"
 *
 * const wasStopped = (by: EndedBy) => by === "owner" || by === "scope"
 * ```
 */
export const EndedBy = Schema.Literal("child", "owner", "scope", "supervisor", "reaper", "outside", "unknown")

/**
 * The type of {@link EndedBy}.
 *
 * @example
 * ```ts
 * import type { EndedBy } from "@tether/process/ExitReport"
 *
 * const by: EndedBy = "child"
 * ```
 */
export type EndedBy = typeof EndedBy.Type

/**
 * How the reading of a child's output ended.
 *
 * - `Eof`: every byte that was written to the pipes was read and delivered.
 * - `Cut`: the child had ended, but `holders` kept a pipe open for longer than `drainGrace`. All that the child itself
 *   wrote was read; what the holders write later is not.
 * - `Stalled`: a consumer took nothing for `deliverGrace` after the child's end; `bytes` were read and not taken.
 *
 * @example
 * ```ts
 * import type { Drained } from "@tether/process/ExitReport"
 *
 * const complete = (drained: Drained) => drained._tag === "Eof"
 * ```
 */
export const Drained = Schema.Union(
  Schema.TaggedStruct("Eof", {}),
  Schema.TaggedStruct("Cut", { holders: Schema.Array(ProcessInfo.schema) }),
  Schema.TaggedStruct("Stalled", { bytes: Schema.Int })
)

/**
 * The type of {@link Drained}.
 *
 * @example
 * ```ts
 * import type { Drained } from "@tether/process/ExitReport"
 *
 * const whole: Drained = { _tag: "Eof" }
 * ```
 */
export type Drained = typeof Drained.Type

/**
 * How far a stop of the child reaches, and what ends it when its host is killed. Each level goes further than the one
 * before.
 *
 * - `none`: the leader alone. It outlives a killed host.
 * - `group`: its process group, which is ended too when the host is killed, with what left it and still has the
 *   environment it was started with.
 * - `tree`: descendants that left the group are found by their environment, by their parent, or by a pipe of ours. When
 *   the host is killed, by their environment alone.
 * - `cgroup`: every descendant that does not move itself into another cgroup (Linux 5.14, where a cgroup v2 is
 *   delegated to us).
 *
 * @example
 * ```ts
 * import type { Containment } from "@tether/process/ExitReport"
 *
 * const level: Containment = "group"
 * ```
 */
export type Containment = "none" | "group" | "tree" | "cgroup"

/**
 * What passed through one of a child's streams.
 *
 * `bytes` were read; `lines` were framed from them, a last line without newline counted; `truncatedLines` of these were
 * longer than `maxLineBytes` and lost `truncatedBytes` together; `drained` says how the reading of this stream ended,
 * see {@link Drained}; `tail` is the end of the output, at most `tailBytes`, from a line start, with secrets replaced.
 * All are zero or empty for a stream that was not captured; of one that is `"bytes"`, no lines are counted.
 *
 * @example
 * ```ts
 * import type { StreamReport } from "@tether/process/ExitReport"
 *
 * const wasWhole = (stream: StreamReport) => stream.drained === "Eof" && stream.truncatedBytes === 0
 * ```
 */
export interface StreamReport {
  readonly bytes: number
  readonly lines: number
  readonly truncatedLines: number
  readonly truncatedBytes: number
  readonly drained: Drained["_tag"]
  readonly tail: string
}

/**
 * What was written to a child at one descriptor: `bytes` were taken by its pipe, which is not to say that the child has
 * read them; `complete` says that all there was to write was taken, and that the child was shown its end.
 *
 * @example
 * ```ts
 * import type { InputReport } from "@tether/process/ExitReport"
 *
 * const hasLeftSome = (input: InputReport) => !input.complete
 * ```
 */
export interface InputReport {
  readonly bytes: number
  readonly complete: boolean
}

/**
 * A process that lived on after its leader. With `isCertain` it is a member of the child, and was stopped or left as
 * the option says. Without, nothing ties it to the child for certain, and it was not signalled: it started after the
 * leader, lost its parent, belongs to the same user, leads a session of its own and has no readable cookie, as a daemon
 * that overwrites its environment with its title.
 *
 * @example
 * ```ts
 * import type { Leftover } from "@tether/process/ExitReport"
 *
 * const mayBeDaemons = (leftovers: ReadonlyArray<Leftover>) => leftovers.filter(({ isCertain }) => !isCertain)
 * ```
 */
export interface Leftover extends ProcessInfo.ProcessInfo {
  readonly isCertain: boolean
}

/**
 * The end of one process: of a child, or of one stage of a pipeline.
 *
 * `stopStep` is the step of a stop plan that was at work when it ended, as `StopPlan.nameOf` calls it; `startedAt` is
 * in milliseconds since the epoch, `duration` runs from spawn to exit; `inputs` are those that we wrote, by descriptor,
 * and `fds` those above 2 that we read; `leftovers` are the members that were still alive after the leader had ended by
 * itself (they were stopped, or left if that was the option), and daemons that it may have left.
 *
 * @example
 * ```ts
 * import type { StageReport } from "@tether/process/ExitReport"
 *
 * const summary = (stage: StageReport) => `${stage.label}: ${stage.stdout.lines} lines, ended by ${stage.endedBy}`
 * ```
 */
export interface StageReport {
  readonly label: string
  readonly pid: number
  readonly status: ExitStatus
  readonly endedBy: EndedBy
  readonly stopStep: string | undefined
  readonly startedAt: number
  readonly duration: Duration.Duration
  readonly drained: Drained
  readonly containment: Containment
  readonly inputs: Readonly<Record<number, InputReport>>
  readonly stdout: StreamReport
  readonly stderr: StreamReport
  readonly fds: Readonly<Record<number, StreamReport>>
  readonly leftovers: ReadonlyArray<Leftover>
}

/**
 * The end of a child, made once its process has exited, its output is delivered and nothing of its tree lives.
 *
 * `stages` has every process of a pipeline, from the left; a single command is the only stage of its own. For a
 * pipeline, the fields beside it are those of the whole: `status` and `endedBy` are those of the first stage outside
 * `expect`, else of the last one, as is the tail of `stderr`, whose counts are of all stages; `pid` and `stdout` are
 * the last one's, `inputs` the first one's; `leftovers` are everybody's.
 *
 * @example
 * ```ts
 * import type { ExitReport } from "@tether/process/ExitReport"
 * import * as ExitStatus from "@tether/process/ExitStatus"
 *
 * const statuses = (report: ExitReport) => report.stages.map((stage) => ExitStatus.format(stage.status))
 * ```
 */
export interface ExitReport extends StageReport {
  readonly stages: ReadonlyArray<StageReport>
}
