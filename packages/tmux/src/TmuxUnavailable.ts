/**
 * No tmux that could be used.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Schema from "effect/Schema"
import { oldestVersion } from "./internal/version.js"

/**
 * There is no tmux, or it is too old. `reason` is `Missing`, `TooOld` or, where the program answers in another way than
 * tmux does, `NotTmux`; `version` is what it said of itself. Nothing was started.
 *
 * @example
 * ```ts
 * import { TmuxUnavailable } from "@tether/tmux/TmuxUnavailable"
 *
 * console.log(new TmuxUnavailable({ reason: "TooOld", program: "tmux", version: "2.9a", problem: "" }).message)
 * // tmux 2.9a is too old: 3.2 or newer is needed
 * ```
 */
export class TmuxUnavailable extends Schema.TaggedError<TmuxUnavailable>()("TmuxUnavailable", {
  reason: Schema.Literal("Missing", "TooOld", "NotTmux"),
  program: Schema.String,
  version: Schema.UndefinedOr(Schema.String),
  problem: Schema.String
}) {
  /** What was found, and what is needed, in one line. */
  override get message(): string {
    switch (this.reason) {
      case "Missing":
        return `there is no tmux: ${TerminalText.sanitize(this.problem)}. Install tmux ${oldestVersion} or newer (apt-get install tmux, brew install tmux)`
      case "TooOld":
        return `tmux ${TerminalText.sanitize(this.version ?? "")} is too old: ${oldestVersion} or newer is needed`
      case "NotTmux":
        return `${TerminalText.quote(this.program)} does not answer as tmux does: ${TerminalText.sanitize(this.problem)}`
    }
  }
}
