/**
 * A session that could not be stopped.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Schema from "effect/Schema"

/**
 * A session still lives, or may live, after all that could be done to stop it. `shimPid` is the process of its pane,
 * the parent of its program.
 *
 * @example
 * ```ts
 * import { SessionStuck } from "@tether/tmux/SessionStuck"
 *
 * console.log(new SessionStuck({ identity: "web", shimPid: 4711, problem: "its shim does not answer" }).message)
 * ```
 */
export class SessionStuck extends Schema.TaggedError<SessionStuck>()("SessionStuck", {
  identity: Schema.String,
  shimPid: Schema.Int,
  problem: Schema.String
}) {
  /** Which session, and why, in one line. */
  override get message(): string {
    return `session ${TerminalText.quote(this.identity)} (shim ${this.shimPid}) could not be stopped: ${TerminalText.sanitize(this.problem)}`
  }
}
