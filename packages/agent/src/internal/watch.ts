/**
 * How long a turn may take.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Phase } from "./outcome.js"
import type { Timeouts } from "./request.js"

export interface Watched {
  /** When it was first watched: what comes before that is no time of the agent. */
  readonly begunAt: number
  readonly lastAt: number
  readonly hasSpoken: boolean
  /** Whether we do not read on at present: then nothing can come. */
  readonly isHeld: boolean
}

/** Completes when one of the times is over, with the first that was. All times are those of `ActiveTime`. */
export const watch = (timeouts: Timeouts, clock: Clock.Clock, watched: () => Watched): Effect.Effect<Phase> => {
  const limits = { startup: millis(timeouts.startup), idle: millis(timeouts.idle), total: millis(timeouts.total) }
  let heldUntil = ActiveTime.unsafeNow(clock)
  const look: Effect.Effect<Phase> = Effect.suspend(() => {
    const { begunAt, hasSpoken, isHeld, lastAt } = watched()
    const now = ActiveTime.unsafeNow(clock)
    if (isHeld) heldUntil = now
    const quietSince = Math.max(lastAt, heldUntil)
    const phase = hasSpoken ? "idle" : "startup"
    const left = { total: begunAt + limits.total - now, [phase]: quietSince + limits[phase] - now }
    const due = Object.entries(left).find(([, time]) => time <= 0)
    if (due !== undefined) return Effect.succeed(due[0] as Phase)
    // Whether it has begun to speak, and whether we hold it back, can only be seen by looking.
    const next = Math.min(...Object.values(left), Math.max(limits.idle / 4, 1))
    return Effect.zipRight(next === Infinity ? Effect.never : clock.sleep(Duration.millis(Math.ceil(next))), look)
  })
  return look
}

const millis = (time: Duration.DurationInput | undefined): number =>
  time === undefined ? Infinity : Duration.toMillis(time)
