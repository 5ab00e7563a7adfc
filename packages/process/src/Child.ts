/**
 * A child that runs: what can be known of it, read from it and done to it.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { StreamName } from "./ChildDriver.js"
import type { ChildInput } from "./ChildInput.js"
import type { Containment, Drained, ExitReport } from "./ExitReport.js"
import type { ExitStatus } from "./ExitStatus.js"
import type { IncompleteOutputError } from "./IncompleteOutputError.js"
import type { InputError } from "./InputError.js"
import type { Line } from "./Lines.js"
import type { ProcessFailed } from "./ProcessFailed.js"
import type { StopPlan } from "./StopPlan.js"
import type { SurvivorsError } from "./SurvivorsError.js"

/**
 * One line of a child's output: which stream it came from, and the `label` of whose it is, which tells the stages of a
 * pipeline apart.
 *
 * `seq` numbers the lines of a child, of all its streams together, in the order in which we read them; `at` is when, in
 * milliseconds since the epoch. Within one stream that is the order in which they were written. Between two streams it
 * is only the order of our reads: what a child writes to one and then to the other within the same few milliseconds may
 * be read the other way round, because a pipe does not tell when it was written to. Where the true order matters, let
 * both go to one file, or into one pipe (`exec program 2>&1` in a shell).
 *
 * @example
 * ```ts
 * import type { OutputLine } from "@tether/process/Child"
 *
 * const show = (line: OutputLine) => `${line.stream}: ${line.text}`
 * ```
 */
export interface OutputLine extends Line {
  readonly _tag: "Line"
  readonly stream: StreamName
  readonly label: string
  readonly seq: number
  readonly at: number
}

/**
 * Where a reader missed `dropped` lines: one with `onSlow: "drop"` that was too slow for them, or the first reader of a
 * child that had written more than is kept before anyone read it.
 *
 * @example
 * ```ts
 * import type { Lagged, OutputLine } from "@tether/process/Child"
 *
 * const show = (item: OutputLine | Lagged) => item._tag === "Line" ? item.text : `… ${item.dropped} lines missed …`
 * ```
 */
export interface Lagged {
  readonly _tag: "Lagged"
  readonly dropped: number
}

/**
 * How a child's lines are read. All optional.
 *
 * - `streams`: which of those that are `"lines"`. Default: stdout and stderr, in the order in which we read them.
 * - `replay`: how many of the last lines come first, as far as they are still kept: those of the last 64 KiB of each
 *   stream. `0` begins with what comes from now on. Default: the first reader of a stream begins at its start, and
 *   later ones with what comes from now on.
 * - `onSlow`: `"suspend"` (default) holds the child back when 64 KiB wait for this reader; `"drop"` never does, and
 *   gives the reader a {@link Lagged} where it missed lines.
 *
 * @example
 * ```ts
 * import type { ReadOptions } from "@tether/process/Child"
 *
 * const follow: ReadOptions = { streams: ["stderr"], replay: 20 }
 * ```
 */
export interface ReadOptions {
  readonly streams?: ReadonlyArray<StreamName> | undefined
  readonly replay?: number | undefined
  readonly onSlow?: "suspend" | "drop" | undefined
}

/**
 * The handle of a child, or of a pipeline of them. It lives in a scope: when the scope closes, the child is stopped,
 * its output is delivered and nothing of its tree lives: its process group, and what has left it, as far as its level
 * of containment reaches.
 *
 * Three moments follow each other and are never conflated:
 * - `exited`: the leader's status is known.
 * - `drained`: its output is read and delivered, or was given up at its bound.
 * - `gone`: nothing of its tree lives. Succeeds with the report whatever the status, and fails with
 *   `SurvivorsError` if something could not be ended.
 *
 * `report` is `gone` with the status checked: it fails with `ProcessFailed` if the status is outside `expect` and the
 * child was not stopped by its owner. With `check: false` it does not.
 *
 * Reading: `lines`, `stdout` and `stderr` are streams that any number of readers may run; `read` is the same with
 * options. They end when the child's output does. The first reader of a stream begins at its start, whenever it comes,
 * and so do all that subscribe in the same turn of the event loop; later ones begin where they subscribe. The child is
 * not held back for a reader that has not come: of each stream the last 64 KiB are kept until then, and a first reader
 * that missed lines begins with {@link Lagged}. A reader holds the child back while it is subscribed and slow; one that
 * leaves releases it. `ask`, `relay`, `onLines` and observers are not readers.
 *
 * `bytes(stream)` is a stream that was asked for with `"bytes"`, chunk by chunk as it was read. Each chunk is given
 * once: who reads later goes on where the last reader left, and two at a time share the chunks, in whatever parts.
 * While nobody reads, the child is held back once 128 KiB wait here, beside what its pipe takes. What nobody has taken
 * `deliverGrace` after the child's end is given up, and told in `drained`; what nobody reads when the scope closes is
 * thrown away. Of a stream that is not `"bytes"`, it dies.
 *
 * Writing: `stdin` is there if it is `"pipe"`, and so is `input(descriptor)` for those of `fds`; of one that is not,
 * everything dies. `ask(line, until)` writes a line and reads stdout from then on, up to and with the first line for
 * which `until` holds: those lines are the answer. Questions of several fibers wait for each other. It fails with
 * `InputError` if the question is not taken, or the output ends, or 1 MiB of it comes, without the answer; with
 * `IncompleteOutputError` as soon as a line of the answer is longer than `maxLineBytes`; and with `ProcessFailed` if
 * that is because the child died. How long to wait is the caller's business: `Effect.timeout`.
 *
 * Doing: `signal` sends a signal to the child's group, and to what was found beside it, and tells whether there was one
 * to take it. `stop` carries out a plan (default: the child's own) and waits until nothing of the tree lives; what it
 * still had to say may be delivered later, so that a consumer of its lines can stop it too. A second `stop` with an
 * equal plan waits for the first, one with another plan runs next to it. Interrupting `stop` ends the plan where it is.
 *
 * Of a pipeline, `pid` is the last stage's, `stdin` the first one's, `stdout` the last one's, and `stderr` that of all
 * stages. It has exited when all of them have, and `stop` and `signal` go to all. Its status is that of the first
 * stage, from the left, that is outside `expect`, else the last one's.
 *
 * `raceExit(effect)` is the effect, or `ProcessFailed` if the child ends first: unless `expect` was given and allows
 * that end, or the child was stopped by its owner. An effect that fails because the child died ends in `ProcessFailed`
 * too, with its own failure as `bodyCause`.
 *
 * @example
 * ```ts
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const untilReady = Effect.gen(function*() {
 *   const server = yield* Supervise.start(Command.make("my-server"))
 *   yield* server.lines.pipe(
 *     Stream.takeUntil((line) => line._tag === "Line" && line.text.includes("listening")),
 *     Stream.runDrain,
 *     server.raceExit
 *   )
 *   return server
 * })
 * ```
 */
export interface Child {
  readonly pid: number
  readonly label: string
  readonly containment: Containment
  readonly lines: Stream.Stream<OutputLine | Lagged>
  readonly stdout: Stream.Stream<OutputLine | Lagged>
  readonly stderr: Stream.Stream<OutputLine | Lagged>
  readonly read: {
    (
      options: ReadOptions & { readonly replay: number; readonly onSlow?: "suspend" | undefined }
    ): Stream.Stream<OutputLine>
    (options?: ReadOptions): Stream.Stream<OutputLine | Lagged>
  }
  readonly bytes: (stream: StreamName) => Stream.Stream<Uint8Array>
  readonly stdin: ChildInput
  readonly input: (descriptor: number) => ChildInput
  readonly ask: (
    line: string,
    until: (line: OutputLine) => boolean
  ) => Effect.Effect<ReadonlyArray<OutputLine>, InputError | IncompleteOutputError | ProcessFailed>
  readonly exited: Effect.Effect<ExitStatus>
  readonly drained: Effect.Effect<Drained>
  readonly gone: Effect.Effect<ExitReport, SurvivorsError>
  readonly report: Effect.Effect<ExitReport, ProcessFailed | SurvivorsError>
  readonly isRunning: Effect.Effect<boolean>
  readonly raceExit: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | ProcessFailed, R>
  readonly signal: (signal: Signal) => Effect.Effect<boolean>
  readonly stop: (plan?: StopPlan) => Effect.Effect<void, SurvivorsError>
}
