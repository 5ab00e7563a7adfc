/**
 * Asking again and again until something holds.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { inspect } from "node:util"
import { pause } from "./internal/leaks/realTime.js"
import { errorAt, stackAbove } from "./internal/leaks/site.js"

/**
 * How long {@link waitUntil} asks, in real time, by default ten seconds; and `what` it waits for, in the words of its
 * error.
 *
 * @example
 * ```ts
 * import type { WaitOptions } from "@tether/vitest/WaitUntil"
 *
 * const options: WaitOptions = { within: "2 seconds", what: "the server listens" }
 * ```
 */
export interface WaitOptions {
  readonly within?: Duration.DurationInput | undefined
  readonly what?: string | undefined
}

/**
 * Runs an effect every 5 milliseconds until it holds, and answers with its value. It holds once it succeeds with
 * something that is not `false`, `undefined` or `null`. A failure and a defect, such as an `expect` that does not hold,
 * mean: not yet. An effect that ends with an `expect` succeeds with `undefined`, so let it end with `Effect.as(true)`.
 *
 * Time is real, whatever clock the test has; the effect itself keeps the clock of the test. At the deadline the effect
 * is interrupted if it runs, and an error says how long it took and how the last try went.
 *
 * @example
 * ```ts
 * import { it } from "@effect/vitest"
 * import { survivorsOf } from "@tether/vitest/Survivors"
 * import { waitUntil } from "@tether/vitest/WaitUntil"
 * import * as Effect from "effect/Effect"
 *
 * it.live("nobody is left", () =>
 *   waitUntil(Effect.map(survivorsOf("TEST_MARK=a1"), (left) => left.length === 0), "2 seconds"))
 * ```
 */
export const waitUntil = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  deadline: Duration.DurationInput | WaitOptions = {}
): Effect.Effect<Exclude<A, false | undefined | null | void>, never, R> => {
  const called = stackAbove(waitUntil)
  const options: WaitOptions = isDuration(deadline) ? { within: deadline } : deadline
  const within = Duration.decode(options.within ?? "10 seconds")
  return Effect.suspend(() => {
    let last = "the first try has not ended"
    const tries: Effect.Effect<Exclude<A, false | undefined | null | void>, never, R> = Effect.flatMap(
      Effect.exit(effect),
      (exit) => {
        if (Exit.isSuccess(exit) && holds(exit.value)) return Effect.succeed(exit.value)
        last = Exit.isSuccess(exit)
          ? `the last answer was ${inspect(exit.value)}${hint(exit.value)}`
          : `the last try failed: ${Cause.pretty(exit.cause)}`
        return Effect.zipRight(pause(interval), tries)
      }
    )
    const tooLate = Effect.zipRight(
      pause(Duration.toMillis(within)),
      Effect.dieSync(() =>
        errorAt(called, `not within ${Duration.format(within)}: ${options.what ?? "what was waited for"}\n${last}`)
      )
    )
    // Whoever cannot be interrupted is not waited for.
    return Effect.raceFirst(Effect.disconnect(tries), tooLate)
  })
}

/** Between two tries, in milliseconds. */
const interval = 5

const holds = <A>(value: A): value is Exclude<A, false | undefined | null | void> =>
  value !== false && value !== undefined && value !== null

/** What most often is meant by nothing. */
const hint = (value: unknown): string =>
  value === undefined ? ", which means: not yet (behind an `expect`, add Effect.as(true))" : ""

const isDuration = (value: Duration.DurationInput | WaitOptions): value is Duration.DurationInput =>
  typeof value !== "object" || Array.isArray(value) || Duration.isDuration(value)
