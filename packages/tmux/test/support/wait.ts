import * as WaitUntil from "@tether/vitest/WaitUntil"
import type * as Effect from "effect/Effect"

/** The deadline is for what hangs: a busy machine meets it. */
export const waitUntil = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  what?: string
): Effect.Effect<Exclude<A, false | undefined | null | void>, never, R> =>
  WaitUntil.waitUntil(effect, { within: "1 minute", what })
