/**
 * One line of the journal: that something began, or how it ended and why.
 */
import * as RecordFields from "@tether/host/RecordFields"
import { EndedBy } from "@tether/process/ExitReport"
import type { ExitStatus } from "@tether/process/ExitStatus"
import * as Signals from "@tether/process/Signals"
import * as Schema from "effect/Schema"

/**
 * What a record tells of: the beginning of a process, its end, or the end of the server that held it (that of a
 * terminal).
 *
 * @example
 * ```ts
 * import type { Event } from "@tether/journal/ExitRecord"
 *
 * const isDeath = (event: Event) => event !== "session-start"
 * ```
 */
export const Event = Schema.Literal("session-start", "session-exit", "server-exit")

/**
 * The type of {@link Event}.
 *
 * @example
 * ```ts
 * import type { Event } from "@tether/journal/ExitRecord"
 *
 * const event: Event = "session-exit"
 * ```
 */
export type Event = typeof Event.Type

/**
 * The events that are ends.
 *
 * @example
 * ```ts
 * import type { Query } from "@tether/journal/ExitJournal"
 * import * as ExitRecord from "@tether/journal/ExitRecord"
 *
 * const deathsOfToday: Query = { events: ExitRecord.ends, since: Date.now() - 86_400_000 }
 * ```
 */
export const ends: ReadonlyArray<Event> = ["session-exit", "server-exit"]

/**
 * What speaks for the system having killed a process because there was no memory. `certain`: the process's own cgroup
 * counted it. `probable`: the machine counted such a kill while this process was killed by a SIGKILL that was not ours,
 * or V8 said so in its last words. `evidence` says which.
 *
 * @example
 * ```ts
 * import type { OutOfMemory } from "@tether/journal/ExitRecord"
 *
 * const heap: OutOfMemory = { certainty: "probable", evidence: "V8 ran out of heap" }
 * ```
 */
export const OutOfMemory = Schema.Struct({
  certainty: Schema.Literal("certain", "probable"),
  evidence: Schema.String
})

/**
 * The type of {@link OutOfMemory}.
 *
 * @example
 * ```ts
 * import type { OutOfMemory } from "@tether/journal/ExitRecord"
 *
 * const isSure = (oom: OutOfMemory) => oom.certainty === "certain"
 * ```
 */
export type OutOfMemory = typeof OutOfMemory.Type

/**
 * A record. What is not known is absent, and never guessed. Another program may have written the line: a value that no
 * writer of a journal can have written (a time that no `Date` holds, an id with control characters, the name of no
 * signal) makes it no record. The texts may hold anything: sanitize them before they are shown (`TerminalText`).
 *
 * - `id`: unique, and in the order of time when sorted as text. `start` of an exit is the id of the start it belongs
 *   to.
 * - `ts`: in milliseconds since the epoch. `uptime`: from start to end, in milliseconds.
 * - `identity`: the name under which it is asked for; of a child, its label.
 * - `pid`, `startToken`, `bootId`, `pidNamespace`: which process that was, so that no other is taken for it. `host` is
 *   the machine's name, `writer` the process that kept the record, as `pid:start token`.
 * - `deadStatus`, `deadSignal`: the exit code, or the name of the signal; never both.
 * - `endedBy`, and `stopStep`, the step of the stop plan that was at work; `reason`: why, in a word or a few.
 * - `lastLines`: the end of what it wrote to stderr. Secrets are replaced in it, as in `command`.
 * - `log`: of a terminal session, the file of its output. `pid` is then the process of the terminal, the shim, which is
 *   the parent of the program.
 * - `restart`: what its supervisor decided, if it has one.
 * - Of the end of a server: `cause`, what became of it; `memory`, its resident memory in bytes when last seen;
 *   `commands`, the last ones that it was sent.
 *
 * @example
 * ```ts
 * import type { ExitRecord } from "@tether/journal/ExitRecord"
 *
 * const wasKilled = (record: ExitRecord) => record.deadSignal === "SIGKILL" && record.endedBy === "outside"
 * ```
 */
export const ExitRecord = Schema.Struct({
  id: RecordFields.Id,
  ts: RecordFields.Timestamp,
  ev: Event,
  identity: Schema.String,
  start: Schema.optional(RecordFields.Id),
  pid: Schema.optional(RecordFields.Pid),
  startToken: Schema.optional(RecordFields.Id),
  bootId: Schema.optional(RecordFields.Id),
  pidNamespace: Schema.optional(RecordFields.Id),
  host: Schema.optional(Schema.String),
  writer: Schema.optional(RecordFields.Id),
  command: Schema.optional(Schema.String),
  cwd: Schema.optional(Schema.String),
  log: Schema.optional(Schema.String),
  deadStatus: Schema.optional(Schema.Int),
  deadSignal: Schema.optional(Signals.Name),
  endedBy: Schema.optional(EndedBy),
  stopStep: Schema.optional(Schema.String),
  reason: Schema.optional(Schema.String),
  uptime: Schema.optional(RecordFields.Millis),
  oom: Schema.optional(OutOfMemory),
  restart: Schema.optional(Schema.String),
  cause: Schema.optional(Schema.String),
  memory: Schema.optional(Schema.NonNegativeInt),
  commands: Schema.optional(Schema.String),
  lastLines: Schema.optional(Schema.String)
})

/**
 * The type of {@link ExitRecord}.
 *
 * @example
 * ```ts
 * import type { ExitRecord } from "@tether/journal/ExitRecord"
 *
 * const name = (record: ExitRecord) => `${record.identity} (${record.pid ?? "?"})`
 * ```
 */
export type ExitRecord = typeof ExitRecord.Type

/**
 * How it ended, if the record says so.
 *
 * @example
 * ```ts
 * import * as ExitRecord from "@tether/journal/ExitRecord"
 * import * as ExitStatus from "@tether/process/ExitStatus"
 *
 * const words = (record: ExitRecord.ExitRecord) => {
 *   const status = ExitRecord.statusOf(record)
 *   return status === undefined ? "nobody knows how" : ExitStatus.format(status)
 * }
 * ```
 */
export const statusOf = ({ deadSignal, deadStatus }: ExitRecord): ExitStatus | undefined => {
  if (deadSignal !== undefined) return { _tag: "Signaled", signal: deadSignal }
  return deadStatus === undefined ? undefined : { _tag: "Exited", code: deadStatus }
}
