/**
 * Whose a result is, in a process that serves turn after turn: that of the prompt that was asked, or that of a turn
 * which the agent has begun by itself, because something in the background has ended.
 */
import * as Effect from "effect/Effect"
import type { Begun, Ended } from "../AgentAdapter.js"

/** Where a process serves one turn, all results are that one's. */
export const oneTurn: Pick<Attribution, "answered" | "begun" | "isAnswer"> = {
  answered: () => undefined,
  begun: () => undefined,
  isAnswer: () => true
}

interface Asked {
  readonly promptId: string
  /** The agent was in a turn of its own when it was asked, and the result of that one comes first. */
  isBehind: boolean
  /** The agent says that it works on it. */
  isTaken: boolean
}

export class Attribution {
  /** Open while the agent has begun nothing that has not ended. */
  readonly quiet = Effect.unsafeMakeLatch(true)
  private isAtWork = false
  /** Whether this agent names prompts at all. Other programs, and older versions, do not. */
  private namesPrompts = false
  private asked: Asked | undefined

  ask(promptId: string): void {
    this.asked = { promptId, isBehind: this.isAtWork, isTaken: false }
  }

  begun({ promptIds }: Begun): void {
    this.works(true)
    if (promptIds !== undefined) this.named(promptIds)
  }

  /** It speaks, and so it has begun something. */
  spoke(): void {
    this.works(true)
  }

  /** Its process has ended. */
  ended(): void {
    this.works(false)
    this.namesPrompts = false
    this.asked = undefined
  }

  /** What was asked has its answer, and what comes behind it is none. */
  answered(): void {
    this.asked = undefined
  }

  /** A result: whether it is the answer to what was asked last. */
  isAnswer({ isOwn = false, promptIds }: Ended): boolean {
    this.works(false)
    const { asked } = this
    if (asked === undefined) return false
    if (promptIds !== undefined) {
      this.named(promptIds)
      return promptIds.includes(asked.promptId)
    }
    // A prompt that comes while the agent is in a turn of its own may be answered in that one.
    if (asked.isTaken) return true
    if (isOwn || this.namesPrompts) return false
    if (!asked.isBehind) return true
    asked.isBehind = false
    return false
  }

  private named(promptIds: ReadonlyArray<string>): void {
    this.namesPrompts = true
    if (this.asked !== undefined && promptIds.includes(this.asked.promptId)) this.asked.isTaken = true
  }

  private works(isAtWork: boolean): void {
    this.isAtWork = isAtWork
    if (isAtWork) this.quiet.unsafeClose()
    else this.quiet.unsafeOpen()
  }
}
