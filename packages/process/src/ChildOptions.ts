/**
 * Everything that can be said about a child beside its command. All of it is optional.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import type * as Redacted from "effect/Redacted"
import type { Containment } from "./ExitReport.js"
import type { ExitStatus } from "./ExitStatus.js"
import type { StopPlan } from "./StopPlan.js"

/**
 * What `onLines` is told about the lines it gets: whether the last of them ended in a newline (all others did), and,
 * by index, how many bytes were dropped from lines that were too long.
 *
 * @example
 * ```ts
 * import type { LinesInfo } from "@tether/process/ChildOptions"
 *
 * const whole = (info: LinesInfo) => info.terminated && info.truncated === undefined
 * ```
 */
export interface LinesInfo {
  readonly terminated: boolean
  readonly truncated: ReadonlyMap<number, number> | undefined
}

/**
 * Takes the lines of one stream as they are framed, in order, many at once: the fast path. An effect is awaited before
 * more is handed over, and the child is held back meanwhile. What is thrown, or dies, is logged and ends the hand-over;
 * the child goes on, and its run dies with that cause once the child is over. The array is shared: do not change it.
 *
 * @example
 * ```ts
 * import type { OnLines } from "@tether/process/ChildOptions"
 *
 * const count: OnLines = (lines) => console.log(lines.length)
 * ```
 */
export type OnLines = (lines: ReadonlyArray<string>, info: LinesInfo) => void | Effect.Effect<void>

/**
 * Which lines are relayed to the log, and how.
 *
 * - `stdout`, `stderr`: whether to relay that stream. Default true for each stream that is captured.
 * - `level`: the log level, or its name. Default `Relay.IO`, shown at Info and hidden at Warning. A name that does not
 *   exist is refused before anything is spawned.
 * - `colour`: leaves the colours of the child's lines in. Default false: every control sequence is taken out.
 *
 * @example
 * ```ts
 * import type { RelayOptions } from "@tether/process/ChildOptions"
 *
 * const onlyErrors: RelayOptions = { stdout: false, level: "Warning" }
 * ```
 */
export interface RelayOptions {
  readonly stdout?: boolean | undefined
  readonly stderr?: boolean | undefined
  readonly level?: LogLevel.LogLevel | LogLevel.Literal | (string & {}) | undefined
  readonly colour?: boolean | undefined
}

/**
 * Which ends of a child are accepted: exit codes, statuses, or a function of the status.
 *
 * @example
 * ```ts
 * import type { Expect } from "@tether/process/ChildOptions"
 * import { Signaled } from "@tether/process/ExitStatus"
 *
 * const grep: Expect = [0, 1]
 * const head: Expect = [0, Signaled("SIGPIPE")]
 * ```
 */
export type Expect = ReadonlyArray<number | ExitStatus> | ((status: ExitStatus) => boolean)

/**
 * The options of a child. One that is given here wins over the command's own field; options that contradict each other
 * are refused before anything is spawned, with all problems named.
 *
 * Who it is:
 * - `label`: its name in logs, errors and reports. Default: the command and its arguments, joined by one space.
 * - `cwd`: its working directory. Default: the command's, else ours.
 * - `env`: changes to the environment, over the command's. `undefined` removes a variable; a `Redacted` value is passed
 *   on and never shown.
 * - `redact`: more secrets. They and every `Redacted` value are replaced in labels, errors, spans, logs and reports.
 *
 * What it reads and writes:
 * - `stdin`: `"null"` (default) is /dev/null; `"inherit"` is ours.
 * - `stdout`, `stderr`: `"lines"` (default) are read by us; `"bytes"` wait for `child.bytes`, uncut; `"null"` goes
 *   nowhere; `"inherit"` goes where ours goes.
 * - `onLines`: takes lines as they come, for each stream: the fast path.
 * - `relay`: lines to the log while the child lives. Default false; true relays every captured stream.
 * - `maxLineBytes`: a longer line is truncated. Default 1 MiB.
 * - `carriageReturn`: `"keep"` (default), or `"split"` to end lines at a CR too, for progress bars.
 * - `flushPartialAfter`: hands over a line without its end after this much silence, for prompts. Default: never.
 * - `tailBytes`: how much of the end of each stream is kept for the error and the report. Default 16 KiB.
 *
 * How it ends:
 * - `expect`: the accepted ends. Default: exit code 0.
 * - `check`: whether an end outside `expect` fails `run` and `report`. Default true.
 * - `stop`: how it is stopped. Default SIGTERM, five seconds, SIGKILL.
 * - `containment`: how far its stop reaches, and what ends it when we are killed: `"none"`, `"group"`, `"tree"` or
 *   `"cgroup"`. Default: `"tree"` where looking for processes is cheap (Linux), else `"group"`, or `"none"` where there are
 *   no groups. A level that is asked for and cannot be had is refused.
 * - `leftovers`: what happens to processes that an accepted end leaves behind: `"end"` (default), or `"leave"` for
 *   programs that go to the background on purpose. Either way those that were found are in the report.
 * - `drainGrace`: how long, after the child's end, a pipe that something else holds open is still read. Default 1 s: the
 *   child's own output is there by then, and a person waits no longer.
 * - `deliverGrace`: how long, after the child's end, a consumer may take nothing before it is given up. Default 5 s.
 *
 * @example
 * ```ts
 * import type { ChildOptions } from "@tether/process/ChildOptions"
 * import * as StopPlan from "@tether/process/StopPlan"
 * import * as Redacted from "effect/Redacted"
 *
 * const options: ChildOptions = {
 *   label: "api",
 *   env: { TOKEN: Redacted.make("s3cret"), DEBUG: undefined },
 *   relay: true,
 *   stop: StopPlan.make(StopPlan.signal("SIGINT", "2 seconds"))
 * }
 * ```
 */
export interface ChildOptions {
  readonly label?: string | undefined
  readonly cwd?: string | undefined
  readonly env?: Readonly<Record<string, string | Redacted.Redacted | undefined>> | undefined
  readonly redact?: ReadonlyArray<string | Redacted.Redacted> | undefined
  readonly stdin?: "null" | "inherit" | undefined
  readonly stdout?: "lines" | "bytes" | "null" | "inherit" | undefined
  readonly stderr?: "lines" | "bytes" | "null" | "inherit" | undefined
  readonly onLines?: { readonly stdout?: OnLines | undefined; readonly stderr?: OnLines | undefined } | undefined
  readonly relay?: boolean | RelayOptions | undefined
  readonly maxLineBytes?: number | undefined
  readonly carriageReturn?: "keep" | "split" | undefined
  readonly flushPartialAfter?: Duration.DurationInput | undefined
  readonly tailBytes?: number | undefined
  readonly expect?: Expect | undefined
  readonly check?: boolean | undefined
  readonly stop?: StopPlan | undefined
  readonly containment?: Containment | undefined
  readonly leftovers?: "end" | "leave" | undefined
  readonly drainGrace?: Duration.DurationInput | undefined
  readonly deliverGrace?: Duration.DurationInput | undefined
}
