/**
 * Waits for sessions.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"

/**
 * Sessions are always real, and so is the time of waits about them, whatever clock the fiber has. That in which this
 * program stood still counts for no bound.
 */
export const pause = (time: Duration.DurationInput): Effect.Effect<void> =>
  Effect.interruptible(ActiveTime.clock.sleep(Duration.decode(time)))

/** {@link ActiveTime.timeoutOption} in real time. */
export const within =
  (time: Duration.DurationInput) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Option.Option<A>, E, R> =>
    ActiveTime.timeoutOption(ActiveTime.clock, time, effect)

export const failingWithin =
  <E2>(time: Duration.DurationInput, onTimeout: () => E2) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
    Effect.flatMap(
      within(time)(effect),
      Option.match({ onNone: () => Effect.failSync(onTimeout), onSome: Effect.succeed })
    )

/**
 * What is done as a whole, whoever is interrupted meanwhile. It has a fiber of its own: in an uninterruptible one, no
 * bound would hold that is not interruptible, and what is interruptible there is interrupted with it.
 */
export const unbroken = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptible(Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), Fiber.join))

/** Looks again and again, until it holds. */
export const until = <R>(
  holds: Effect.Effect<boolean, never, R>,
  lookEvery: Duration.DurationInput = "20 millis"
): Effect.Effect<void, never, R> =>
  Effect.gen(function* () {
    while (!(yield* holds)) yield* pause(lookEvery)
  })

/** The same, and answers whether it has come to hold in time. */
export const holdsWithin = <R>(
  time: Duration.DurationInput,
  holds: Effect.Effect<boolean, never, R>,
  lookEvery: Duration.DurationInput = "20 millis"
): Effect.Effect<boolean, never, R> => until(holds, lookEvery).pipe(within(time), Effect.map(Option.isSome))
