/**
 * What a process says between two turns, as when it goes on by itself with what it had begun in the background: it is
 * not lost, and comes first in the next turn.
 */
import * as Effect from "effect/Effect"
import type { Decoder } from "../AgentAdapter.js"
import type { PermissionAsked, TurnEvent } from "../TurnEvent.js"
import type { Account } from "./account.js"

const most = 1000

export class Unclaimed {
  /** Open while it has not begun anything by itself that is not over. */
  readonly quiet = Effect.unsafeMakeLatch(true)
  private events: Array<TurnEvent> = []
  private readonly notes: Array<string> = []
  private dropped = 0

  /** Answers with what it asks. */
  take(decoder: Decoder, lines: ReadonlyArray<string>): ReadonlyArray<PermissionAsked> {
    const asked: Array<PermissionAsked> = []
    for (const said of lines.flatMap((line) => [...decoder.line(line), ...decoder.end()])) {
      if (said._tag === "PermissionAsked") asked.push(said)
      else if (said._tag === "Ended") this.quiet.unsafeOpen()
      else if (said._tag === "Message" || said._tag === "Delta") {
        this.quiet.unsafeClose()
        this.keep(said)
      }
    }
    return asked
  }

  /** Something that who reads the next turn should know. */
  note(text: string): void {
    this.notes.push(text)
  }

  claim(account: Account): ReadonlyArray<TurnEvent> {
    const notices = this.notes.splice(0).map((text) => account.notice("agent", text))
    const lost =
      this.dropped === 0
        ? []
        : [account.notice("lost", `${this.dropped} events came between two turns and were too many`)]
    const events = [...notices, ...this.events, ...lost]
    this.events = []
    this.dropped = 0
    return events
  }

  private keep(event: TurnEvent): void {
    if (this.events.length < most) this.events.push(event)
    else this.dropped++
  }
}
