/**
 * One after the other, in the order in which they ask. Effect's semaphore lets whoever comes last go first, so that a
 * busy writer would keep all others out; and one that waits there for long takes for ever to be interrupted.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"

/** Makes effects take turns. Who waits can be interrupted, and who has begun cannot. */
export const makeTurns = (): (<A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>) => {
  let last: Effect.Effect<void> = Effect.void
  return (effect) =>
    Effect.uninterruptibleMask((restore) => {
      const before = last
      const done = Deferred.unsafeMake<void>(FiberId.none)
      const end = Deferred.succeed(done, undefined)
      last = Deferred.await(done)
      return restore(before).pipe(
        // The turn that nobody takes passes when it comes.
        Effect.onInterrupt(() => Effect.forkDaemon(Effect.zipRight(before, end))),
        Effect.zipRight(Effect.ensuring(effect, end))
      )
    })
}
