/**
 * A text that did not arrive in a session, as far as anybody can tell.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Schema from "effect/Schema"

/**
 * A text was not delivered. The text itself is not in it. `reason` is
 *
 * - `NotLanded`: it was pasted, and did not appear in time. It may have arrived all the same: a program need not show
 *   what it reads;
 * - `Gone`: the session has ended, or ended meanwhile; `Busy`: another delivery took too long;
 * - `Refused`: a text that cannot be pasted: an empty one, or one that has the end mark of a paste in it;
 * - `Failed`: anything else; `problem` tells.
 *
 * @example
 * ```ts
 * import { DeliveryFailed } from "@tether/tmux/DeliveryFailed"
 *
 * const mayHaveArrived = (error: DeliveryFailed) => error.reason === "NotLanded"
 * ```
 */
export class DeliveryFailed extends Schema.TaggedError<DeliveryFailed>()("DeliveryFailed", {
  reason: Schema.Literal("NotLanded", "Gone", "Busy", "Refused", "Failed"),
  identity: Schema.String,
  /** In bytes. */
  length: Schema.Int,
  problem: Schema.String
}) {
  /** How much was to be delivered to whom, and why that failed, in one line. */
  override get message(): string {
    return `${this.length} bytes were not delivered to session ${TerminalText.quote(this.identity)}: ${TerminalText.sanitize(this.problem)}`
  }
}
