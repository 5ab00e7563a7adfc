import { expectNoLeaks } from "@tether/vitest/Leaks"
import type * as Effect from "effect/Effect"

/** Nothing is left of an effect, however slow the machine is. How soon, `timed/Leaks.test.ts` tells. */
export const leavesNothing = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  expectNoLeaks(effect, { within: "1 minute" })
