/**
 * Why a child did not take what was written to it.
 */
import * as Schema from "effect/Schema"
import { clip } from "./internal/text.js"

/**
 * The reasons for which a write or a question fails:
 *
 * - `Closed`: its owner has closed this input.
 * - `ReaderGone`: the child has closed its end, or has ended (EPIPE).
 * - `NoAnswer`: the child took the question of `ask`, and its output ended, or became too much, before the answer.
 * - `Unknown`: anything else; `code` has the system's word for it.
 *
 * @example
 * ```ts
 * import type { Reason } from "@tether/process/InputError"
 *
 * const isOver = (reason: Reason) => reason === "Closed" || reason === "ReaderGone"
 * ```
 */
export const Reason = Schema.Literal("Closed", "ReaderGone", "NoAnswer", "Unknown")

/**
 * The type of {@link Reason}.
 *
 * @example
 * ```ts
 * import type { Reason } from "@tether/process/InputError"
 *
 * const reason: Reason = "ReaderGone"
 * ```
 */
export type Reason = typeof Reason.Type

/**
 * A child did not take all of what was written to it. It does no harm to anything else: the child goes on if it lives,
 * and how it ended is told by its report. How much of the write was taken is not known.
 *
 * @example
 * ```ts
 * import type { Child } from "@tether/process/Child"
 * import * as Effect from "effect/Effect"
 *
 * const greet = (child: Child) =>
 *   child.stdin.write("hello\n").pipe(Effect.catchTag("InputError", (error) => Effect.logWarning(error.message)))
 * ```
 */
export class InputError extends Schema.TaggedError<InputError>()("InputError", {
  reason: Reason,
  label: Schema.String,
  descriptor: Schema.Int,
  code: Schema.UndefinedOr(Schema.String)
}) {
  /** What happened, to which command, in one line. */
  override get message(): string {
    const name = this.descriptor === 0 ? "stdin" : `descriptor ${this.descriptor}`
    const code = this.code === undefined ? "" : ` (${this.code})`
    const label = clip(this.label)
    switch (this.reason) {
      case "Closed":
        return `${name} of "${label}" has been closed and takes no more`
      case "ReaderGone":
        return `"${label}" reads no more from its ${name}${code}`
      case "NoAnswer":
        return `"${label}" was asked and gave no answer: its output ended, or was too much`
      case "Unknown":
        return `${name} of "${label}" could not be written to${code}`
    }
  }
}
