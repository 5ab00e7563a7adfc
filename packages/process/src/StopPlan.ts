/**
 * How a child is asked to stop, as a value: steps, each with a wait, and SIGKILL at the end of every plan.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import { stepsBeforeKill } from "./internal/steps.js"

/**
 * One step of a plan: something that asks the child to stop, and how long its processes may then take.
 *
 * @example
 * ```ts
 * import * as StopPlan from "@tether/process/StopPlan"
 *
 * const step: StopPlan.Step = StopPlan.signal("SIGINT", "2 seconds")
 * ```
 */
export type Step =
  | { readonly _tag: "Signal"; readonly signal: Signal; readonly wait: Duration.Duration }
  | { readonly _tag: "CloseStdin"; readonly wait: Duration.Duration }
  | { readonly _tag: "Ask"; readonly effect: Effect.Effect<unknown, unknown>; readonly wait: Duration.Duration }

/**
 * The steps in their order. After the last one, what is still alive is killed.
 *
 * @example
 * ```ts
 * import * as StopPlan from "@tether/process/StopPlan"
 *
 * const patient: StopPlan.StopPlan = StopPlan.make(StopPlan.signal("SIGTERM", "1 minute"))
 * ```
 */
export interface StopPlan {
  readonly steps: ReadonlyArray<Step>
}

/**
 * A step that sends a signal to the child's process group, and to what is found beside it, and waits until nothing of
 * them lives, at most `wait`. Whoever is found meanwhile gets the signal too. A signal other than SIGKILL is followed
 * by SIGCONT after 50 ms, if something still lives: a stopped process hears nothing until it goes on.
 *
 * @example
 * ```ts
 * import * as StopPlan from "@tether/process/StopPlan"
 *
 * const postgres = StopPlan.make(StopPlan.signal("SIGINT", "10 seconds"), StopPlan.signal("SIGQUIT", "2 seconds"))
 * ```
 */
export const signal = (signal: Signal, wait: Duration.DurationInput): Step => ({
  _tag: "Signal",
  signal,
  wait: Duration.decode(wait)
})

/**
 * A step that closes the child's stdin, for programs that end at end of input, and waits at most `wait`. A child whose
 * stdin is not a pipe of ours hears nothing, so the plan goes on to the next step at once.
 *
 * @example
 * ```ts
 * import * as StopPlan from "@tether/process/StopPlan"
 *
 * const languageServer = StopPlan.make(StopPlan.closeStdin("1 second"), StopPlan.signal("SIGTERM", "2 seconds"))
 * ```
 */
export const closeStdin = (wait: Duration.DurationInput): Step => ({ _tag: "CloseStdin", wait: Duration.decode(wait) })

/**
 * A step that runs an effect (a shutdown request over HTTP, a last line to a socket) and waits, effect included, at
 * most `wait`. An effect that fails, dies or is too slow is logged and moves the plan to its next step, nothing more.
 *
 * @example
 * ```ts
 * import * as StopPlan from "@tether/process/StopPlan"
 * import * as Effect from "effect/Effect"
 *
 * const drainFirst = StopPlan.make(
 *   StopPlan.ask(Effect.promise(() => fetch("http://127.0.0.1:8080/shutdown")), "3 seconds"),
 *   StopPlan.signal("SIGTERM", "5 seconds")
 * )
 * ```
 */
export const ask = (effect: Effect.Effect<unknown, unknown>, wait: Duration.DurationInput): Step => ({
  _tag: "Ask",
  effect,
  wait: Duration.decode(wait)
})

/**
 * A plan of these steps. SIGKILL follows the last one and need not be said.
 *
 * @example
 * ```ts
 * import * as StopPlan from "@tether/process/StopPlan"
 *
 * const plan = StopPlan.make(StopPlan.signal("SIGTERM", "30 seconds"))
 * ```
 */
export const make = (first: Step, ...rest: ReadonlyArray<Step>): StopPlan => ({ steps: [first, ...rest] })

/**
 * The plan used where none is given: SIGTERM, five seconds, SIGKILL. Five seconds is half of what `docker stop` gives:
 * enough for a dev server, and short enough for a person who waits.
 *
 * @example
 * ```ts
 * import * as StopPlan from "@tether/process/StopPlan"
 *
 * console.log(StopPlan.describe(StopPlan.defaultPlan)) // SIGTERM, 5s, SIGKILL
 * ```
 */
export const defaultPlan: StopPlan = make(signal("SIGTERM", "5 seconds"))

/**
 * SIGKILL at once, without asking.
 *
 * @example
 * ```ts
 * import type { Child } from "@tether/process/Child"
 * import * as StopPlan from "@tether/process/StopPlan"
 *
 * const now = (child: Child) => child.stop(StopPlan.kill)
 * ```
 */
export const kill: StopPlan = make(signal("SIGKILL", 0))

/**
 * A plan in words: `SIGTERM, 5s, SIGKILL`.
 *
 * @example
 * ```ts
 * import * as StopPlan from "@tether/process/StopPlan"
 *
 * StopPlan.describe(StopPlan.kill) // "SIGKILL"
 * ```
 */
export const describe = (plan: StopPlan): string => {
  const words = stepsBeforeKill(plan.steps).flatMap((step) => [nameOf(step), Duration.format(step.wait)])
  return [...words, "SIGKILL"].join(", ")
}

/**
 * A step in a word or two: the name of its signal, `end of input`, or `a request`.
 *
 * @example
 * ```ts
 * import * as StopPlan from "@tether/process/StopPlan"
 *
 * StopPlan.nameOf(StopPlan.signal("SIGINT", "1 second")) // "SIGINT"
 * ```
 */
export const nameOf = (step: Step): string => {
  switch (step._tag) {
    case "Signal":
      return step.signal
    case "CloseStdin":
      return "end of input"
    case "Ask":
      return "a request"
  }
}

export {
  /**
   * The plan used where none is given, under the name that reads well behind the module's: `StopPlan.default`.
   *
   * @example
   * ```ts
   * import * as StopPlan from "@tether/process/StopPlan"
   *
   * const plan = StopPlan.default
   * ```
   */
  defaultPlan as default
}
