/**
 * A child's end that its owner did not accept.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Cause from "effect/Cause"
import * as Schema from "effect/Schema"
import { Drained, EndedBy } from "./ExitReport.js"
import * as ExitStatus from "./ExitStatus.js"
import { formatDuration, nameOf } from "./internal/text.js"

/**
 * A child ended in a status outside `expect`, or before the work that needed it. Its output has been delivered by then.
 * From `run`, `use` and `report` nothing of its tree lives either; `raceExit` does not wait for that.
 *
 * `stderr` and `stdout` are the tails (the last `tailBytes`, from a line start), kept whether lines are relayed or not.
 * `bodyCause` is the failure of the work that ran beside the child, where the child's death came first. `inputCause` is
 * the failure of the stream that was its input, for which it was stopped. Secrets are replaced in every field but these
 * two, which are not ours.
 *
 * @example
 * ```ts
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * const build = Supervise.run(Command.make("make", "all")).pipe(
 *   Effect.tapErrorTag("ProcessFailed", (error) => Console.error(error.pretty))
 * )
 * ```
 */
export class ProcessFailed extends Schema.TaggedError<ProcessFailed>()("ProcessFailed", {
  label: Schema.String,
  command: Schema.String,
  args: Schema.Array(Schema.String),
  cwd: Schema.UndefinedOr(Schema.String),
  pid: Schema.Int,
  status: ExitStatus.schema,
  endedBy: EndedBy,
  stderr: Schema.String,
  stdout: Schema.String,
  duration: Schema.DurationFromSelf,
  drained: Drained,
  bodyCause: Schema.optional(Schema.declare(Cause.isCause)),
  inputCause: Schema.optional(Schema.declare(Cause.isCause))
}) {
  /** One line: `"build" (make all) exited with code 3 after 1.2 s`. */
  override get message(): string {
    const name = nameOf(this.label, [this.command, ...this.args])
    if (this.inputCause !== undefined) {
      return `${name} was stopped after ${formatDuration(this.duration)}, because the source of its input failed`
    }
    return `${name} ${ExitStatus.format(this.status)} after ${formatDuration(this.duration)}`
  }

  /** The message, and below it the last lines of stderr, for a person: indented, and made harmless for a terminal. */
  get pretty(): string {
    const tail = this.stderr.replace(/[\r\n]+$/, "")
    if (tail === "") return this.message
    return [this.message, "|_.stderr:", ...tail.split(/\r?\n/).map((line) => `   ${TerminalText.sanitize(line)}`)].join(
      "\n"
    )
  }
}
