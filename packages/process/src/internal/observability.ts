/**
 * Words about a child, to whoever listens: loggers, tracers, observers. One that throws or hangs loses its own entry
 * and nothing else: what is said of a child never decides about it.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import * as ProcessInfo from "@tether/host/ProcessInfo"
import type * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import type { ChildObserver } from "../ChildObserver.js"
import type { EndedBy } from "../ExitReport.js"
import * as ExitStatus from "../ExitStatus.js"
import { clip } from "./text.js"

const safely = (log: Effect.Effect<void>): Effect.Effect<void> => Effect.catchAllDefect(log, () => Effect.void)

export const warn = (message: string, cause?: Cause.Cause<unknown>): Effect.Effect<void> =>
  safely(cause === undefined ? Effect.logWarning(message) : Effect.logWarning(message, cause))

export const complain = (message: string, cause?: Cause.Cause<unknown>): Effect.Effect<void> =>
  safely(cause === undefined ? Effect.logError(message) : Effect.logError(message, cause))

export const warnOfLeftovers = (
  label: string,
  leftovers: ReadonlyArray<ProcessInfo.ProcessInfo>
): Effect.Effect<void> =>
  warn(
    `"${clip(label)}" ended and left ${leftovers.length === 1 ? "a process" : "processes"} alive: ` +
      `${leftovers.map((each) => ProcessInfo.format(each)).join(", ")}. Stopping what is left.`
  )

export const warnOfSuspects = (label: string, suspects: ReadonlyArray<ProcessInfo.ProcessInfo>): Effect.Effect<void> =>
  warn(
    `"${clip(label)}" may have left ${suspects.length === 1 ? "a daemon" : "daemons"} alive: ` +
      `${suspects.map((each) => ProcessInfo.format(each)).join(", ")}. ` +
      `Started after it, without a parent, in a session of its own and without a readable cookie. ` +
      `Nothing ties it to the child for certain, so it was not signalled. Containment "cgroup" would have ended it.`
  )

/** Runs a call into somebody else's tracer. */
export const attempt = (call: () => void): void => {
  try {
    call()
  } catch {
    // Its own loss.
  }
}

interface End {
  readonly status: ExitStatus.ExitStatus | undefined
  readonly endedBy: EndedBy
  readonly duration: Duration.Duration
}

/** Ends the span of a child with what is known of its end. */
export const endSpan = (
  span: Tracer.Span | undefined,
  clock: Clock.Clock,
  exit: Exit.Exit<unknown, unknown>,
  { duration, endedBy, status }: End,
  outputs: ReadonlyArray<{ readonly stream: string; readonly received: number; readonly framed: number }>
): void =>
  attempt(() => {
    if (status !== undefined) {
      span?.attribute("status", ExitStatus.format(status))
      span?.attribute("endedBy", endedBy)
    }
    span?.attribute("durationMillis", Duration.toMillis(duration))
    for (const output of outputs) {
      span?.attribute(`${output.stream}.bytes`, output.received)
      span?.attribute(`${output.stream}.lines`, output.framed)
    }
    span?.end(clock.unsafeCurrentTimeNanos(), exit)
  })

/** Tells an observer, within its time. */
export const tellObserver = (
  observer: ChildObserver,
  clock: Clock.Clock,
  label: string,
  what: string,
  call: (observer: ChildObserver) => Effect.Effect<unknown, unknown>
): Effect.Effect<void> => {
  const failed = (cause: Cause.Cause<unknown>) =>
    warn(`the observer failed to take "${what}" of "${clip(label)}"`, cause)
  const { timeout = "1 second" } = observer
  return Effect.suspend(() => {
    const telling = call(observer)
    if (Exit.isExit(telling) && Exit.isSuccess(telling)) return Effect.void
    // It sees to its own bound.
    if (!Duration.isFinite(Duration.decode(timeout))) return telling
    // What cannot be interrupted goes on by itself, and is not waited for.
    return Effect.flatMap(
      ActiveTime.within(clock, timeout, Effect.disconnect(Effect.catchAllCause(telling, failed))),
      (isDone) => (isDone ? Effect.void : Effect.fail(new Error("it took too long")))
    )
  }).pipe(Effect.catchAllCause(failed), Effect.asVoid)
}
