/**
 * Everything that can be said about a child beside its command. All of it is optional.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import type * as Redacted from "effect/Redacted"
import type * as Sink from "effect/Sink"
import type * as Stream from "effect/Stream"
import type { StreamName } from "./ChildDriver.js"
import type { Containment } from "./ExitReport.js"
import type { ExitStatus } from "./ExitStatus.js"
import type { StopPlan } from "./StopPlan.js"

/**
 * What a child reads at a descriptor.
 *
 * - `"null"`: /dev/null: it is at the end at once. `"inherit"`: what we have at the same number. The modes of a
 *   terminal are restored after the child's end.
 * - `"pipe"`: whatever is written to `child.stdin`, or to `child.input` of the descriptor.
 * - `{ text }`, `{ bytes }`: this, and then the end of input. A `Redacted` text is a secret like any other.
 * - `{ stream }`: what the stream gives, as fast as the child takes it, and then the end of input. If the stream fails,
 *   the child is stopped without having seen an end of input, and fails with `ProcessFailed`, whose `inputCause` is
 *   why. When the child ends first, the stream is interrupted, which is no failure.
 * - `{ file }`: a file, opened by us and read by the child itself. A relative path begins at our working directory.
 *
 * @example
 * ```ts
 * import type { Input } from "@tether/process/ChildOptions"
 *
 * const sql: Input = { text: "select 1;\n" }
 * ```
 */
export type Input =
  | "null"
  | "inherit"
  | "pipe"
  | { readonly text: string | Redacted.Redacted }
  | { readonly bytes: Uint8Array }
  | { readonly stream: Stream.Stream<Uint8Array | string, unknown> }
  | { readonly file: string }

/**
 * Where a child's writing to a descriptor goes.
 *
 * - `"lines"`: to us, line by line. `"bytes"`: to us, uncut, for `child.bytes`: where nobody reads them, the child is
 *   held back. `"null"`: nowhere. `"inherit"`: where ours goes. The modes of a terminal are restored
 *   after the child's end.
 * - `{ sink }`: to us, and from here into a sink. What a sink that is done leaves over is thrown away. A sink that dies
 *   is logged and gets no more; the run dies of it once the child is over.
 * - `{ file }`: from the child straight into a file, opened by us, which is emptied first or with `append: true` added
 *   to. Two streams that name one file share it, and their order in it is the order of the writes. Nothing is known
 *   here of what goes there: no lines, no tail. A relative path begins at our working directory.
 *
 * @example
 * ```ts
 * import type { Output } from "@tether/process/ChildOptions"
 *
 * const log: Output = { file: "server.log", append: true }
 * ```
 */
export type Output =
  | "lines"
  | "bytes"
  | "null"
  | "inherit"
  | { readonly sink: Sink.Sink<unknown, Uint8Array, unknown> }
  | { readonly file: string; readonly append?: boolean | undefined }

/**
 * What `onLines` is told about the lines it gets: whose they are, the `seq` of the first and the time `at` which all of
 * them were read (see `OutputLine`), whether the last of them ended in a newline (all others did), and, by index, how
 * many bytes were dropped from lines that were too long.
 *
 * @example
 * ```ts
 * import type { LinesInfo } from "@tether/process/ChildOptions"
 *
 * const whole = (info: LinesInfo) => info.terminated && info.truncated === undefined
 * ```
 */
export interface LinesInfo {
  readonly label: string
  readonly seq: number
  readonly at: number
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
 * - `stdout`, `stderr`, `fd3` …: whether to relay that stream. Default true for each stream that is `"lines"`.
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
export interface RelayOptions extends Partial<Readonly<Record<StreamName, boolean | undefined>>> {
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
 * Of a pipeline (`Command.pipeTo`), `stdin` is the first stage's, `stdout` the last one's, and everything else is said
 * of every stage; `label` is that of the whole, behind which, after a slash, each stage has its own; without one, a
 * stage is called by its program's name. `fds` and `argv0` are refused.
 *
 * Who it is:
 * - `label`: its name in logs, errors and reports. Default: the program's name, without its directory.
 * - `cwd`: its working directory. Default: the command's, else ours.
 * - `env`: changes to the environment, over the command's. `undefined` removes a variable; a `Redacted` value is passed
 *   on and never shown.
 * - `redact`: more secrets. They and every `Redacted` value are replaced in labels, errors, spans, logs and reports,
 *   also with a control sequence in their middle.
 *
 * - `argv0`: the name it finds as its own, in place of the program's. `uid`, `gid`: the user and the group that it runs
 *   as, which needs privileges. A `uid` without a `gid` is refused: the program would keep our group.
 *
 * What it reads and writes:
 * - `stdin`: an {@link Input}. Default `"null"`, or the command's own if that is `"inherit"` or a `Stream`.
 * - `stdout`, `stderr`: an {@link Output}. Default `"lines"`, or the command's own if that is `"inherit"` or a `Sink`.
 * - `fds`: descriptors from 3 to 255, each an {@link Input} or an {@link Output}. There `{ file }` is read, and
 *   `{ file, append }`, true or false, is written.
 * - `pipes`: `"socket"` (default, and Node's way), or `"fifo"` for programs that open `/dev/stdin`, `/dev/stdout` or
 *   `/dev/stderr` by name, which a socket cannot be: a pipe of the kernel. A shell is started to make them, which costs
 *   about as much as the child itself.
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
 *   `"cgroup"`. Default: `"tree"` where looking for processes is cheap (Linux), else `"group"`, or `"none"` where there
 *   are no groups. A level that is asked for and cannot be had is refused.
 * - `leftovers`: what happens to processes that an accepted end leaves behind: `"end"` (default), or `"leave"` for
 *   programs that go to the background on purpose. Either way those that were found are in the report.
 * - `leftoverGrace`: how long what an accepted end leaves behind may take to end by itself, before it is stopped and
 *   named. Default 20 milliseconds. What holds the pipe to the next stage of a pipeline has `drainGrace`, if that is
 *   longer.
 * - `drainGrace`: how long, after the child's end, a pipe that something else holds open is still read, by us or by the
 *   next stage of a pipeline. Default 1 s: the child's own output is there by then, and a person waits no longer.
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
  readonly argv0?: string | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  readonly stdin?: Input | undefined
  readonly stdout?: Output | undefined
  readonly stderr?: Output | undefined
  readonly fds?: Readonly<Record<number, Input | Output>> | undefined
  readonly pipes?: "socket" | "fifo" | undefined
  readonly onLines?: Partial<Readonly<Record<StreamName, OnLines | undefined>>> | undefined
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
  readonly leftoverGrace?: Duration.DurationInput | undefined
  readonly drainGrace?: Duration.DurationInput | undefined
  readonly deliverGrace?: Duration.DurationInput | undefined
}
