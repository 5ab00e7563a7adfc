/**
 * How long it takes until what is promised within a second has come true, for `toHaveMedianWithin`.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** In milliseconds. */
export const timeOf = <E, R>(effect: Effect.Effect<unknown, E, R>): Effect.Effect<number, E, R> =>
  Effect.suspend(() => {
    const start = performance.now()
    return Effect.map(effect, () => performance.now() - start)
  })

/**
 * The longest turn of the event loop while an effect runs, in milliseconds of processor time: what others take of that
 * tells nothing of who holds the loop.
 */
export const longestTurnOf = <E, R>(effect: Effect.Effect<unknown, E, R>): Effect.Effect<number, E, R> =>
  Effect.suspend(() => {
    let longest = 0
    let before = process.cpuUsage()
    const turn = () => {
      const { system, user } = process.cpuUsage(before)
      longest = Math.max(longest, (user + system) / 1000)
      before = process.cpuUsage()
    }
    const timer = setInterval(turn, 1)
    return Effect.ensuring(
      effect,
      Effect.sync(() => clearInterval(timer))
    ).pipe(
      Effect.map(() => {
        turn()
        return longest
      })
    )
  })

/** Something to be measured once it is prepared: the preparation gives the measurement. */
export type Sample<E = never> = Effect.Effect<Effect.Effect<number, E>, E, Scope.Scope>

/** The results of all, which are prepared side by side and measured one after the other. */
export const samplesOf = <E>(samples: ReadonlyArray<Sample<E>>): Effect.Effect<ReadonlyArray<number>, E> =>
  Effect.scoped(
    Effect.flatMap(Effect.all(samples, { concurrency: samples.length }), (measurements) => Effect.all(measurements))
  )

/** The same, where one would slow down the other by its mere presence. */
export const samplesApart = <E>(samples: ReadonlyArray<Sample<E>>): Effect.Effect<ReadonlyArray<number>, E> =>
  Effect.map(
    Effect.forEach(samples, (sample) => samplesOf([sample])),
    (results) => results.flat()
  )
