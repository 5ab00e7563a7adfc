/**
 * A session that was started, and was not ready in time.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Schema from "effect/Schema"

/**
 * Why a session did not become ready. It was stopped by then.
 *
 * - `vanished-during-boot`: it ended before it took input; `never-became-ready`: it did not take input in time;
 * - `vanished-during-ready-gate`: it ended after that; `no-activity-after-delivery`: nothing came of its first message
 *   in time.
 *
 * @example
 * ```ts
 * import type { NotReadyReason } from "@tether/tmux/SessionNotReady"
 *
 * const hasEnded = (reason: NotReadyReason) => reason.startsWith("vanished")
 * ```
 */
export const NotReadyReason = Schema.Literal(
  "vanished-during-boot",
  "never-became-ready",
  "vanished-during-ready-gate",
  "no-activity-after-delivery"
)

/**
 * The type of {@link NotReadyReason}.
 *
 * @example
 * ```ts
 * import type { NotReadyReason } from "@tether/tmux/SessionNotReady"
 *
 * const reason: NotReadyReason = "never-became-ready"
 * ```
 */
export type NotReadyReason = typeof NotReadyReason.Type

/**
 * A session did not become ready. `lastLines` are the last two lines that it showed.
 *
 * @example
 * ```ts
 * import { SessionNotReady } from "@tether/tmux/SessionNotReady"
 *
 * const error = new SessionNotReady({
 *   identity: "web",
 *   reason: "never-became-ready",
 *   waited: 240_000,
 *   lastLines: ["Log in:"]
 * })
 * console.log(error.message)
 * // session "web" was not ready after 240s: never-became-ready; its last lines were "Log in:"
 * ```
 */
export class SessionNotReady extends Schema.TaggedError<SessionNotReady>()("SessionNotReady", {
  identity: Schema.String,
  reason: NotReadyReason,
  /** In milliseconds. */
  waited: Schema.Finite,
  lastLines: Schema.Array(Schema.String)
}) {
  /** Which session, why, and what it showed, in one line. */
  override get message(): string {
    const shown =
      this.lastLines.length === 0
        ? "it had shown nothing"
        : `its last lines were ${this.lastLines.map((line) => TerminalText.quote(line)).join(", ")}`
    return `session ${TerminalText.quote(this.identity)} was not ready after ${Math.round(this.waited / 1000)}s: ${TerminalText.sanitize(this.reason)}; ${shown}`
  }
}
