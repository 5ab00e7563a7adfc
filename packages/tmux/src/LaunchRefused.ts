/**
 * Options of a session that make no sense.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Schema from "effect/Schema"

/**
 * A session was not launched, because what was asked for makes no sense. `problems` names all of it. Nothing was
 * started.
 *
 * @example
 * ```ts
 * import { LaunchRefused } from "@tether/tmux/LaunchRefused"
 *
 * console.log(new LaunchRefused({ identity: "a/b", problems: ["identity has a slash in it"] }).message)
 * ```
 */
export class LaunchRefused extends Schema.TaggedError<LaunchRefused>()("LaunchRefused", {
  identity: Schema.String,
  problems: Schema.Array(Schema.String)
}) {
  /** All that is wrong, in one line. */
  override get message(): string {
    return `session ${TerminalText.quote(this.identity)} was not launched: ${TerminalText.sanitize(this.problems.join("; "))}`
  }
}
