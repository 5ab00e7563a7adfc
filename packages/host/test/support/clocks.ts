/**
 * Clocks whose dates are set to and fro.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"

/** By how many milliseconds the dates are off, one reading after the other: months, in both directions. */
export const jumps = fc.array(fc.integer({ min: -1e10, max: 1e10 }), { minLength: 1, maxLength: 6 })

/** Runs the effect on the clock of the fiber, whose dates jump at each reading. */
export const withJumps =
  (offsets: ReadonlyArray<number>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.clockWith((clock) => {
      let readings = 0
      const now = () => Math.max(0, clock.unsafeCurrentTimeMillis() + (offsets[readings++ % offsets.length] as number))
      return Effect.withClock(effect, {
        [Clock.ClockTypeId]: Clock.ClockTypeId,
        unsafeCurrentTimeMillis: now,
        currentTimeMillis: Effect.sync(now),
        unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
        currentTimeNanos: clock.currentTimeNanos,
        sleep: (duration) => clock.sleep(duration)
      })
    })
