/**
 * Waits with a bound that holds in a finalizer, too: what is bounded is interruptible, whatever is around it.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"

/** Time in which this program stood still counts for no bound. */
const timer = (time: Duration.DurationInput): Effect.Effect<void> => Effect.interruptible(ActiveTime.sleep(time))

export const within =
  (time: Duration.DurationInput) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Option.Option<A>, E, R> =>
    Effect.raceFirst(Effect.asSome(Effect.interruptible(effect)), Effect.as(timer(time), Option.none()))

export const failingWithin =
  <E2>(time: Duration.DurationInput, onTimeout: () => E2) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
    Effect.raceFirst(Effect.interruptible(effect), Effect.zipRight(timer(time), Effect.failSync(onTimeout)))

/**
 * What is done as a whole, whoever is interrupted meanwhile. It has a fiber of its own: in an uninterruptible one, no
 * bound would hold that is not interruptible, and what is interruptible there is interrupted with it.
 */
export const unbroken = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptible(Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), Fiber.join))

/** Looks again and again, and answers whether it has come to hold in time. */
export const holdsWithin = <R>(
  time: Duration.DurationInput,
  holds: Effect.Effect<boolean, never, R>,
  lookEvery: Duration.DurationInput = "20 millis"
): Effect.Effect<boolean, never, R> =>
  Effect.gen(function* () {
    while (!(yield* holds)) yield* Effect.sleep(lookEvery)
  }).pipe(
    within(time),
    Effect.map((done) => done._tag === "Some")
  )
