/**
 * Whose a result is, in a process that serves turn after turn: that of the prompt that was asked, or that of a turn
 * which the agent has begun by itself, because something in the background has ended.
 */
import * as Effect from "effect/Effect"
import type { Begun, Ended } from "../AgentAdapter.js"

/** Where a process serves one turn, all results are that one's. */
export const oneTurn: Pick<Attribution, "answered" | "begun" | "verdict"> = {
  answered: () => undefined,
  begun: () => undefined,
  verdict: () => "likely"
}

/**
 * Whether a result is the answer to what was asked last. It is `certain` where the agent says so, and `doubtful` where
 * its results name prompts, and this one names none.
 */
export type Verdict = "certain" | "likely" | "doubtful" | "no"

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
  /** What it has begun and not ended: it says so, or it only speaks, as one does that has a last word. */
  private work: "begun" | "speaks" | undefined
  /** Whether results name the prompts that they answer. Those of other programs, and of older versions, do not. */
  private namesResults = false
  private asked: Asked | undefined

  ask(promptId: string): void {
    this.asked = { promptId, isBehind: this.work !== undefined, isTaken: false }
  }

  begun({ promptIds }: Begun): void {
    this.works("begun")
    if (this.asked !== undefined && promptIds?.includes(this.asked.promptId) === true) this.asked.isTaken = true
  }

  /** It speaks, and so it has begun something. */
  spoke(): void {
    this.works(this.work ?? "speaks")
  }

  /** It was waited for long enough. What has only spoken owes no result. */
  waitedFor(): void {
    if (this.work === "speaks") this.works(undefined)
  }

  /** Its process has ended. */
  ended(): void {
    this.works(undefined)
    this.namesResults = false
    this.asked = undefined
  }

  /** What was asked has its answer, and what comes behind it is none. */
  answered(): void {
    this.asked = undefined
  }

  /** A result. */
  verdict({ isOwn = false, promptIds }: Ended): Verdict {
    this.works(undefined)
    const { asked } = this
    if (promptIds !== undefined) this.namesResults = true
    if (asked === undefined) return "no"
    if (promptIds !== undefined) return promptIds.includes(asked.promptId) ? "certain" : "no"
    if (isOwn) return "no"
    const unnamed = this.namesResults ? "doubtful" : undefined
    // A prompt that comes while the agent is in a turn of its own may be answered in that one.
    if (asked.isTaken) return unnamed ?? "certain"
    if (!asked.isBehind) return unnamed ?? "likely"
    asked.isBehind = false
    return "no"
  }

  private works(work: "begun" | "speaks" | undefined): void {
    this.work = work
    if (work === undefined) this.quiet.unsafeOpen()
    else this.quiet.unsafeClose()
  }
}
