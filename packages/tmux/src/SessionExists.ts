/**
 * A session that is there already.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Schema from "effect/Schema"

/**
 * A session of that identity runs already, at the same server. Nothing was started, and that one was left alone.
 *
 * @example
 * ```ts
 * import { SessionExists } from "@tether/tmux/SessionExists"
 *
 * console.log(new SessionExists({ identity: "web" }).message)
 * ```
 */
export class SessionExists extends Schema.TaggedError<SessionExists>()("SessionExists", {
  identity: Schema.String
}) {
  /** Which session, in one line. */
  override get message(): string {
    return `session ${TerminalText.quote(this.identity)} runs already: stop it first, or take another name`
  }
}
