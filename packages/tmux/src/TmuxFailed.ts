/**
 * A command that tmux did not carry out.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Schema from "effect/Schema"

/**
 * tmux refused a command, or did not answer. `command` is its name and, where it has one, its target, and nothing else
 * of it: texts may be secret. `reason` is
 *
 * - `NoServer`: nothing serves at the socket; `NotFound`: there is no such session or pane;
 * - `Exists`: a session of that name is there already;
 * - `NoAnswer`: it did not answer in time, as when the server is stopped. What it was asked may still be done;
 * - `Refused`: anything else; `problem` has what it said.
 *
 * @example
 * ```ts
 * import { TmuxFailed } from "@tether/tmux/TmuxFailed"
 *
 * const isGone = (error: TmuxFailed) => error.reason === "NoServer" || error.reason === "NotFound"
 * ```
 */
export class TmuxFailed extends Schema.TaggedError<TmuxFailed>()("TmuxFailed", {
  reason: Schema.Literal("NoServer", "NotFound", "Exists", "NoAnswer", "Refused"),
  command: Schema.String,
  socket: Schema.String,
  problem: Schema.String
}) {
  /** Which command, at which server, and why, in one line. */
  override get message(): string {
    return `tmux ${TerminalText.sanitize(this.command)} at ${TerminalText.quote(this.socket)} failed: ${TerminalText.sanitize(this.problem)}`
  }
}
