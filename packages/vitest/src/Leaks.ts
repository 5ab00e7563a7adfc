/**
 * An assertion that an effect leaves nothing behind.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { errorAt, stackAbove } from "./internal/leaks/site.js"
import { Watch } from "./internal/leaks/watch.js"

/**
 * How patient {@link expectNoLeaks} is: `within` is how long the leftovers of an effect may take to go, in real time,
 * by default one second.
 *
 * @example
 * ```ts
 * import type { LeakOptions } from "@tether/vitest/Leaks"
 *
 * const patient: LeakOptions = { within: "5 seconds" }
 * ```
 */
export interface LeakOptions {
  readonly within?: Duration.DurationInput | undefined
}

/**
 * Runs an effect, and dies if it leaves something behind that was not there before. The error names every leak in a
 * line of its own:
 *
 * - `child`: a process below this one that still lives, with its command. One that has moved to another parent is found
 *   by the cookie that Tether gives its children.
 * - `zombie`: a process of ours that has ended and was not waited for.
 * - `descriptor`: a file, pipe or socket that is still open, with its number and what it points at.
 * - `timer`: a `setTimeout` or `setInterval` that would keep the program alive. An `unref`ed one is none.
 * - `fiber`: a fiber that was started in the effect and has not ended, in whatever scope it is, with the span it is in.
 *
 * Where it is known, the line ends with the place that created it: your own line of code if it was called from there,
 * or else the span. What a fiber starts in a step of its own (`Effect.sleep`, a child of Tether's) has no line, so a
 * span around it is worth having.
 *
 * It looks after success, failure and interruption alike, and gives leftovers a second of real time to go, whatever
 * clock the test has. What the effect has failed with is kept: the leaks are added to its cause.
 *
 * The reaper, which Tether starts with the first child of a program and keeps, is no leak, and neither is the
 * descriptor that leads to it. Timers of the test runner are none either.
 *
 * - It sees the whole process. Whatever else runs in it meanwhile (`it.concurrent`, another thread of the pool
 *   `threads`) and starts something, is charged with it here. Only timers are told apart, if a fiber has set them that
 *   was there before.
 * - What the effect leaves in a scope around it is still there when it ends: put `Effect.scoped` inside. So are fibers
 *   that it has forked, because it runs in the fiber of the test.
 * - A child that was not started by Tether, and that has left its parent, is not found.
 * - Where `/proc` is missing (macOS, Windows), only timers and fibers are looked at.
 *
 * @example
 * ```ts
 * import { it } from "@effect/vitest"
 * import { expectNoLeaks } from "@tether/vitest/Leaks"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.scoped(Effect.forkScoped(Effect.never))
 *
 * it.live("ends whatever it has started", () => expectNoLeaks(program))
 * ```
 */
export const expectNoLeaks = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  options?: LeakOptions
): Effect.Effect<A, E, R> => {
  const called = stackAbove(expectNoLeaks)
  const within = Duration.decode(options?.within ?? "1 second")
  return Effect.uninterruptibleMask((restore) =>
    Effect.withFiberRuntime<A, E, R>((fiber) => {
      const watch = new Watch(fiber.id())
      const look = (exit: Exit.Exit<A, E>): Effect.Effect<A, E> =>
        Effect.flatMap(watch.settled(Duration.toMillis(within)), (leaks) => {
          if (leaks.length === 0) return exit
          const error = Cause.die(errorAt(called, report(leaks, within)))
          return Effect.failCause(Exit.isFailure(exit) ? Cause.sequential(exit.cause, error) : error)
        })
      return Effect.exit(Effect.supervised(restore(effect), watch.fibers)).pipe(
        Effect.flatMap(look),
        Effect.ensuring(Effect.sync(() => watch.end()))
      )
    })
  )
}

const report = (leaks: ReadonlyArray<string>, within: Duration.Duration): string => {
  const count = leaks.length === 1 ? "1 leak" : `${leaks.length} leaks`
  return [`${count}, still there ${Duration.format(within)} after the effect had ended:`, ...leaks].join("\n  ")
}
