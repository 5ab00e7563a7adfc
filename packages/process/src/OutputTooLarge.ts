/**
 * More output than was asked for.
 */
import * as Schema from "effect/Schema"
import { clip } from "./internal/text.js"

/**
 * A child wrote more than `limit` bytes to the stdout that was to be collected, and was stopped. `kept` is the
 * beginning of it, at most `limit` bytes, back to a whole character, with secrets replaced.
 *
 * @example
 * ```ts
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 * import * as Effect from "effect/Effect"
 *
 * const log = Supervise.string(Command.make("git", "log"), { limit: 100_000 }).pipe(
 *   Effect.catchTag("OutputTooLarge", (error) => Effect.succeed(error.kept))
 * )
 * ```
 */
export class OutputTooLarge extends Schema.TaggedError<OutputTooLarge>()("OutputTooLarge", {
  label: Schema.String,
  limit: Schema.Int,
  kept: Schema.String
}) {
  /** One line, without what was kept. */
  override get message(): string {
    return `"${clip(this.label)}" wrote more than ${this.limit} bytes, and was stopped. If it may, give it more: option "limit".`
  }
}
