/**
 * How a turn has ended, from all that is known once its process is over.
 */
import type { ExitStatus } from "@tether/process/ExitStatus"
import type { FailureKind, Result, Terminal } from "../TurnEvent.js"

export type Phase = "startup" | "idle" | "total"

/** What is known of the end of a turn. Of what was asked for, only what was asked before the exit was seen. */
export interface Facts {
  readonly isCancelled: boolean
  readonly timeout: Phase | undefined
  /** It was stopped because it did not end after its result. */
  readonly isStuck: boolean
  readonly stuckIs: "completed" | "failed"
  /** Undefined where its process could not be ended. */
  readonly status: ExitStatus | undefined
  /** Whether we have sent it signals: what it dies of then is no accident. */
  readonly isStopped: boolean
  readonly result: Result | undefined
  readonly sessionId: string | undefined
  /** Why what it said may not be all: a problem in words. */
  readonly incomplete: string | undefined
  readonly stderr: string
  readonly stderrBytes: number
  readonly durationMillis: number
}

export const outcomeOf = (facts: Facts): Terminal => {
  const { result, status } = facts
  const end = {
    result,
    sessionId: facts.sessionId,
    exitCode: status?._tag === "Exited" ? status.code : undefined,
    signal: status?._tag === "Signaled" ? status.signal : undefined,
    stuck: facts.isStuck,
    stderr: facts.stderr,
    stderrBytes: facts.stderrBytes,
    durationMillis: facts.durationMillis
  }
  if (facts.isCancelled) return { _tag: "Cancelled", ...end }
  const kind = failureOf(facts)
  // Without a kind there is a result.
  return kind === undefined ? { _tag: "Completed", ...end, result: result as Result } : { _tag: "Failed", ...end, kind }
}

/** In the order of what says most of the cause. */
const failureOf = ({
  incomplete,
  isStopped,
  isStuck,
  result,
  status,
  stuckIs,
  timeout
}: Facts): FailureKind | undefined => {
  if (timeout !== undefined) return { _tag: "Timeout", phase: timeout }
  if (status?._tag === "Signaled" && !isStopped) return { _tag: "Signal", name: status.signal }
  if (result?.isError === true) return { _tag: "Result", subtype: result.subtype }
  if (isStuck) return stuckIs === "failed" ? { _tag: "StuckAfterResult" } : undefined
  if (status?._tag === "Exited" && status.code !== 0) return { _tag: "Exit", code: status.code }
  if (result !== undefined) return undefined
  return incomplete === undefined ? { _tag: "NoResult" } : { _tag: "Protocol", problem: incomplete }
}
