/**
 * The failure of collected output that is not whole.
 */
import * as Schema from "effect/Schema"
import { clip } from "./internal/text.js"

/**
 * What `Supervise.string`, `Supervise.lines` or `child.ask` collected is not all that the child wrote.
 *
 * - `LongLine`: a line was longer than `maxLineBytes`, and was cut there.
 * - `Stalled`: the collecting fiber took nothing for `deliverGrace` after the child's end, for instance because the
 *   program was busy.
 * - `Cut`: the child had ended, and something else kept its stdout open for longer than `drainGrace`. Only with the
 *   option `whole`.
 *
 * `kept` is the output without what is missing, with secrets replaced. `missing` counts the bytes, and is undefined
 * where their number is unknown.
 *
 * @example
 * ```ts
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 * import * as Effect from "effect/Effect"
 *
 * const both = Supervise.string(Command.make("bash", "-c", "tee >(wc -l) < list"), { whole: true }).pipe(
 *   Effect.catchTag("IncompleteOutputError", (error) => Effect.succeed(error.kept))
 * )
 * ```
 */
export class IncompleteOutputError extends Schema.TaggedError<IncompleteOutputError>()("IncompleteOutputError", {
  label: Schema.String,
  reason: Schema.Literal("LongLine", "Stalled", "Cut"),
  missing: Schema.UndefinedOr(Schema.Int),
  kept: Schema.String
}) {
  /** One line, without what was kept. */
  override get message(): string {
    const label = clip(this.label)
    switch (this.reason) {
      case "LongLine":
        return `"${label}" wrote a line longer than "maxLineBytes": ${this.missing} bytes of it are missing. Allow longer lines with that option.`
      case "Stalled":
        return `${this.missing} bytes of the output of "${label}" were not taken in time after its end. Allow more time with the "deliverGrace" option.`
      case "Cut":
        return `the output of "${label}" was still open after its end, held by another process, and was read no further. Allow more time with the "drainGrace" option.`
    }
  }
}
