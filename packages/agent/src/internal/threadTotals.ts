/**
 * What threads have used so far. Codex tells the running total of a thread at the end of each of its turns.
 */
import type { Usage } from "../TurnEvent.js"

export type Tokens = Omit<Usage, "_tag" | "costUsd">

const most = 1000

const nothing: Tokens = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 }

export class ThreadTotals {
  private readonly totals = new Map<string, Tokens>()

  /** What has come to the total of a thread since the last turn. Undefined where that was not told here. */
  added(threadId: string, isResumed: boolean, total: Tokens): Tokens | undefined {
    const before = this.totals.get(threadId) ?? (isResumed ? undefined : nothing)
    this.remember(threadId, total)
    if (before === undefined) return undefined
    const of = (name: keyof Tokens) => Math.max(0, total[name] - before[name])
    return {
      inputTokens: of("inputTokens"),
      outputTokens: of("outputTokens"),
      cacheReadTokens: of("cacheReadTokens"),
      cacheWriteTokens: of("cacheWriteTokens")
    }
  }

  private remember(threadId: string, total: Tokens): void {
    this.totals.delete(threadId)
    this.totals.set(threadId, total)
    const [oldest] = this.totals.keys()
    if (this.totals.size > most && oldest !== undefined) this.totals.delete(oldest)
  }
}
