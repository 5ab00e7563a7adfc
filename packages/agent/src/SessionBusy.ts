/**
 * A session that does one thing at a time.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Schema from "effect/Schema"

/**
 * Another turn runs in the session, and this one was not to wait for it. Nothing was asked.
 *
 * @example
 * ```ts
 * import { SessionBusy } from "@tether/agent/SessionBusy"
 *
 * console.log(new SessionBusy({ turnId: "2", running: "1" }).message)
 * ```
 */
export class SessionBusy extends Schema.TaggedError<SessionBusy>()("SessionBusy", {
  turnId: Schema.String,
  running: Schema.String
}) {
  /** Which turn has to end first, in one line. */
  override get message(): string {
    return `turn ${TerminalText.sanitize(this.turnId)} was refused: turn ${TerminalText.sanitize(this.running)} of the session still runs`
  }
}
