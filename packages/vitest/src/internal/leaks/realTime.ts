/**
 * Time as it passes outside, whatever clock a test has, and whatever timers it has put in place of Node's.
 */
import * as Effect from "effect/Effect"

const { clearTimeout, performance, setTimeout } = globalThis

// Taken now, because fake timers replace the method too.
const clock = performance.now

/** Milliseconds since some moment. */
export const now = (): number => clock.call(performance)

/** The longest that a timer of Node can be set to. */
const longest = 2 ** 31 - 1

/** `unseen` sets the timer, so that whoever watches timers can look away. */
export const pause = (millis: number, unseen: <A>(create: () => A) => A = (create) => create()): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const timer = unseen(() => setTimeout(() => resume(Effect.void), Math.min(millis, longest)))
    return Effect.sync(() => clearTimeout(timer))
  })
