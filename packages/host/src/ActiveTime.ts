/**
 * Waits and limits in which only time counts that this program could have used: not by dates, which are set, and not
 * while it was stopped (Ctrl-Z, a debugger, a laptop that sleeps) or its event loop stood still.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Standstill from "./internal/standstill.js"

/** The clock of every program that brings no other. */
const effectClock = Context.get(DefaultServices.liveServices, Clock.Clock)

const sleepActive = (duration: Duration.Duration): Effect.Effect<void> =>
  Effect.suspend(() => (Duration.isFinite(duration) ? Standstill.sleep(Duration.toMillis(duration)) : Effect.never))

/**
 * A live clock for waits about real processes. Its nanoseconds are monotonic, as those of Effect's own are. A sleep
 * counts no time in which the program stood still for more than half a second, and the event loop turns once before it
 * ends: what has happened meanwhile is seen before anything is made of the silence.
 *
 * @example
 * ```ts
 * import * as ActiveTime from "@tether/host/ActiveTime"
 *
 * const wait = ActiveTime.clock.sleep
 * ```
 */
export const clock: Clock.Clock = {
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  unsafeCurrentTimeMillis: () => effectClock.unsafeCurrentTimeMillis(),
  currentTimeMillis: effectClock.currentTimeMillis,
  unsafeCurrentTimeNanos: () => effectClock.unsafeCurrentTimeNanos(),
  currentTimeNanos: effectClock.currentTimeNanos,
  sleep: sleepActive
}

/**
 * The clock by which a fiber measures its limits: {@link clock} where it has Effect's live one, and otherwise its own,
 * such as a `TestClock`.
 *
 * @example
 * ```ts
 * import * as ActiveTime from "@tether/host/ActiveTime"
 * import * as Effect from "effect/Effect"
 *
 * const nanos = Effect.map(ActiveTime.current, (clock) => clock.unsafeCurrentTimeNanos())
 * ```
 */
export const current: Effect.Effect<Clock.Clock> = Effect.clockWith((own) =>
  Effect.succeed(own === effectClock ? clock : own)
)

/**
 * Milliseconds of a clock since some moment, to be compared with each other: monotonic, and of {@link clock} without
 * the time in which the program stood still while anything waited on that clock, or within a tenth of a second after a
 * reading.
 *
 * @example
 * ```ts
 * import * as ActiveTime from "@tether/host/ActiveTime"
 *
 * const begun = ActiveTime.unsafeNow(ActiveTime.clock)
 * const passed = () => ActiveTime.unsafeNow(ActiveTime.clock) - begun
 * ```
 */
export const unsafeNow = (of: Clock.Clock): number =>
  of === clock || of === effectClock ? Standstill.now() : Number(of.unsafeCurrentTimeNanos()) / 1e6

/**
 * {@link unsafeNow} of the clock of the fiber.
 *
 * @example
 * ```ts
 * import * as ActiveTime from "@tether/host/ActiveTime"
 * import * as Effect from "effect/Effect"
 *
 * const passedSince = (begun: number) => Effect.map(ActiveTime.now, (now) => now - begun)
 * ```
 */
export const now: Effect.Effect<number> = Effect.clockWith((clock) => Effect.succeed(unsafeNow(clock)))

/**
 * A sleep on the clock of the fiber, where that is Effect's live one on {@link clock}.
 *
 * @example
 * ```ts
 * import * as ActiveTime from "@tether/host/ActiveTime"
 *
 * const grace = ActiveTime.sleep("5 seconds")
 * ```
 */
export const sleep = (duration: Duration.DurationInput): Effect.Effect<void> =>
  Effect.flatMap(current, (clock) => clock.sleep(Duration.decode(duration)))

/**
 * Runs `effect` for at most `wait` on a clock, and returns its value, or none on timeout. On timeout the effect is
 * interrupted. The caller can be interrupted only if it is interruptible itself.
 *
 * The effect runs in a daemon fiber, because an interrupt is passed on to all children of a fiber at once,
 * even where that fiber is uninterruptible. A plain timeout is two children, and in a finalizer an interrupt from
 * outside would end the wait.
 *
 * @example
 * ```ts
 * import * as ActiveTime from "@tether/host/ActiveTime"
 * import type * as Effect from "effect/Effect"
 *
 * const answerOf = (request: Effect.Effect<string>) =>
 *   ActiveTime.timeoutOption(ActiveTime.clock, "5 seconds", request)
 * ```
 */
export const timeoutOption = <A, E, R>(
  clock: Clock.Clock,
  wait: Duration.DurationInput,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Option.Option<A>, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), (work) => {
      const timer = Effect.zipRight(clock.sleep(Duration.decode(wait)), Fiber.interruptFork(work))
      return Effect.flatMap(Effect.forkDaemon(Effect.interruptible(timer)), (timer) =>
        restore(Fiber.await(work)).pipe(
          Effect.onInterrupt(() => Fiber.interrupt(work)),
          Effect.ensuring(Fiber.interruptFork(timer)),
          Effect.flatMap((exit) => {
            if (Exit.isSuccess(exit)) return Effect.as(Fiber.inheritAll(work), Option.some(exit.value))
            return Exit.isInterrupted(exit) ? Effect.succeedNone : Effect.failCause(exit.cause)
          })
        )
      )
    })
  )

/**
 * {@link timeoutOption} where only whether the effect completed matters.
 *
 * @example
 * ```ts
 * import * as ActiveTime from "@tether/host/ActiveTime"
 * import type * as Effect from "effect/Effect"
 *
 * const isClosed = (close: Effect.Effect<void>) => ActiveTime.within(ActiveTime.clock, "5 seconds", close)
 * ```
 */
export const within = <E, R>(
  clock: Clock.Clock,
  wait: Duration.DurationInput,
  effect: Effect.Effect<unknown, E, R>
): Effect.Effect<boolean, E, R> => Effect.map(timeoutOption(clock, wait, effect), Option.isSome)
