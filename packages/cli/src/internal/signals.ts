/**
 * The signals that are sent to us and meant for the child.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"] as const

export type Forwarded = (typeof forwarded)[number]

/** From now on, and until the scope closes, these signals come here and do not end us. */
export const received: Effect.Effect<Queue.Dequeue<Forwarded>, never, Scope.Scope> = Effect.acquireRelease(
  Effect.map(Queue.unbounded<Forwarded>(), (queue) => {
    const listeners = forwarded.map((signal) => {
      const listener = () => void queue.unsafeOffer(signal)
      process.on(signal, listener)
      return () => process.off(signal, listener)
    })
    return { queue, listeners }
  }),
  ({ listeners }) => Effect.sync(() => listeners.forEach((off) => off()))
).pipe(Effect.map(({ queue }) => queue))
