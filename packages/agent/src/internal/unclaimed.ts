/**
 * What a process says between two turns: it is not lost, and comes first in the next one.
 */
import type { Decoder } from "../AgentAdapter.js"
import type { TurnEvent } from "../TurnEvent.js"
import type { Account } from "./account.js"

const most = 1000

export class Unclaimed {
  private events: Array<TurnEvent> = []
  private readonly notes: Array<string> = []
  private dropped = 0

  take(decoder: Decoder, lines: ReadonlyArray<string>): undefined {
    for (const said of lines.flatMap((line) => [...decoder.line(line), ...decoder.end()])) {
      if (said._tag !== "Message" && said._tag !== "Delta") continue
      if (this.events.length < most) this.events.push(said)
      else this.dropped++
    }
  }

  /** Something that who reads the next turn should know. */
  note(text: string): void {
    this.notes.push(text)
  }

  claim(account: Account): ReadonlyArray<TurnEvent> {
    const notices = this.notes.splice(0).map((text) => account.notice("agent", text))
    const lost = this.dropped === 0 ? [] : [account.notice("lost", `${this.dropped} events came between two turns and were too many`)]
    const events = [...notices, ...this.events, ...lost]
    this.events = []
    this.dropped = 0
    return events
  }
}
