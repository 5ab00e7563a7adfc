/**
 * What a process says between two turns, as when it goes on by itself with what it had begun in the background: it is
 * not lost, and comes first in the next turn.
 */
import type { Decoder, Said } from "../AgentAdapter.js"
import type { PermissionAsked, TurnEvent } from "../TurnEvent.js"
import { type Account, ownTurn } from "./account.js"
import type { Attribution } from "./attribution.js"

const most = 1000

export class Unclaimed {
  private said: Array<Said> = []
  private dropped = 0

  constructor(private readonly attribution: Attribution) {}

  /** Answers with what it asks. */
  take(decoder: Decoder, lines: ReadonlyArray<string>): ReadonlyArray<PermissionAsked> {
    const asked: Array<PermissionAsked> = []
    for (const said of lines.flatMap((line) => [...decoder.line(line), ...decoder.end()])) {
      switch (said._tag) {
        case "PermissionAsked":
          asked.push(said)
          break
        case "Begun":
          this.attribution.begun(said)
          break
        case "Ended":
          this.attribution.verdict(said)
          this.keep(ownTurn(said))
          break
        case "Usage":
          this.keep(said)
          break
        case "Message":
        case "Delta":
          this.attribution.spoke()
          this.keep(said)
      }
    }
    return asked
  }

  /** Something that who reads the next turn should know. */
  note(text: string): void {
    this.said.push({ _tag: "Notice", kind: "agent", text })
  }

  claim(account: Account): ReadonlyArray<TurnEvent> {
    const { dropped, said } = this
    this.said = []
    this.dropped = 0
    const lost = {
      _tag: "Notice",
      kind: "lost",
      text: `${dropped} events came between two turns and were too many`
    } as const
    return account.claim(dropped === 0 ? said : [...said, lost])
  }

  private keep(said: Said): void {
    if (this.said.length < most) this.said.push(said)
    else this.dropped++
  }
}
