/**
 * A wait with a bound, that holds in a finalizer too.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"

/**
 * Whether it completed in time. What is waited for can be interrupted when its time is over, and who waits only where he
 * can be interrupted himself.
 *
 * It runs in a fiber of its own, which is nobody's child: an interrupt is passed on to all children of a fiber at once,
 * even where that fiber is uninterruptible. A plain timeout is two children, and in a finalizer an interrupt from outside
 * would end the wait, and with it the finalizer, before SIGKILL was sent.
 */
export const within = (wait: Duration.DurationInput, effect: Effect.Effect<unknown>): Effect.Effect<boolean> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      Effect.forkDaemon(Effect.interruptible(Effect.timeoutOption(effect, wait))),
      (fiber) =>
        restore(Fiber.join(fiber)).pipe(
          Effect.map(Option.isSome),
          Effect.onInterrupt(() => Fiber.interrupt(fiber))
        )
    )
  )
