/**
 * A warning in the log that harms nobody: a logger that throws would otherwise end what is only observed.
 */
import * as Effect from "effect/Effect"

/** Says it, and goes on whatever the logger does. */
export const warn = (...message: ReadonlyArray<string>): Effect.Effect<void> => harmless(Effect.logWarning(...message))

/** Goes on though this dies. */
export const harmless = (effect: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.catchAllDefect(effect, () => Effect.void)
