/**
 * A wait with a bound, that holds in a finalizer too.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"

/**
 * Whether it completed in time. What is waited for can be interrupted when its time is over, and who waits only where
 * he can be interrupted himself.
 *
 * It runs in a fiber of its own, which is nobody's child: an interrupt is passed on to all children of a fiber at once,
 * even where that fiber is uninterruptible. A plain timeout is two children, and in a finalizer an interrupt from
 * outside would end the wait, and with it the finalizer, before SIGKILL was sent.
 */
export const within = (wait: Duration.DurationInput, effect: Effect.Effect<unknown>): Effect.Effect<boolean> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), (work) =>
      Effect.flatMap(Effect.forkDaemon(interruptAfter(wait, work)), (timer) =>
        restore(Fiber.await(work)).pipe(
          Effect.onInterrupt(() => Fiber.interrupt(work)),
          Effect.ensuring(Fiber.interruptFork(timer)),
          Effect.flatMap((exit) => {
            if (Exit.isSuccess(exit)) return Effect.succeed(true)
            return Exit.isInterrupted(exit) ? Effect.succeed(false) : Effect.failCause(exit.cause)
          })
        )
      )
    )
  )

const interruptAfter = (wait: Duration.DurationInput, work: Fiber.RuntimeFiber<unknown>): Effect.Effect<void> =>
  Effect.interruptible(Effect.zipRight(Effect.sleep(wait), Fiber.interruptFork(work)))
