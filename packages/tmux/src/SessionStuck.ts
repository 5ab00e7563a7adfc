/**
 * A session that could not be stopped.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Schema from "effect/Schema"

/**
 * A session still lives, or may live, after all that could be done to stop it. `pid` is the process of its pane.
 *
 * @example
 * ```ts
 * import { SessionStuck } from "@tether/tmux/SessionStuck"
 *
 * console.log(new SessionStuck({ identity: "web", pid: 4711, problem: "its shim does not answer" }).message)
 * ```
 */
export class SessionStuck extends Schema.TaggedError<SessionStuck>()("SessionStuck", {
  identity: Schema.String,
  pid: Schema.Int,
  problem: Schema.String
}) {
  /** Which session, and why, in one line. */
  override get message(): string {
    return `session ${TerminalText.quote(this.identity)} (pid ${this.pid}) could not be stopped: ${TerminalText.sanitize(this.problem)}`
  }
}
