/**
 * Words about a child, to whoever listens. A logger that throws, or a tracer that does, loses its own entry and nothing
 * else: what is said of a child never decides about it.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

const safely = (log: Effect.Effect<void>): Effect.Effect<void> => Effect.catchAllDefect(log, () => Effect.void)

export const warn = (message: string, cause?: Cause.Cause<unknown>): Effect.Effect<void> =>
  safely(cause === undefined ? Effect.logWarning(message) : Effect.logWarning(message, cause))

export const complain = (message: string, cause?: Cause.Cause<unknown>): Effect.Effect<void> =>
  safely(cause === undefined ? Effect.logError(message) : Effect.logError(message, cause))

/** Runs a call into somebody else's tracer. */
export const attempt = (call: () => void): void => {
  try {
    call()
  } catch {
    // Its own loss.
  }
}
