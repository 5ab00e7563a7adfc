/**
 * Turns of Node's event loop. A fiber that yields stays within one turn; only a new one brings input.
 */
import * as Effect from "effect/Effect"
import { clearImmediate, setImmediate } from "./realTime.js"

export const turn: Effect.Effect<void> = Effect.async<void>((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

export const turns = (count: number): Effect.Effect<void> => Effect.repeatN(turn, count - 1)
