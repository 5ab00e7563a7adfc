/**
 * One stop plan for several processes: each gets the signals, and what is asked is asked once.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Step, StopPlan } from "../StopPlan.js"

/** The plan itself, if it asks for nothing: a plan that is carried out already is known by its identity. */
export const sharedPlan = (plan: StopPlan): StopPlan =>
  plan.steps.some((step) => step._tag === "Ask") ? { steps: plan.steps.map(shared) } : plan

const shared = (step: Step): Step =>
  step._tag === "Ask" ? { ...step, effect: once(Effect.timeoutOption(step.effect, step.wait)) } : step

/** In a fiber of its own: who asked first may end before it, and the others still wait for the answer. */
const once = (effect: Effect.Effect<unknown, unknown>): Effect.Effect<unknown, unknown> => {
  let asking: Fiber.Fiber<unknown, unknown> | undefined
  return Effect.suspend(() => {
    if (asking !== undefined) return Fiber.join(asking)
    return Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), (fiber) => {
      asking = fiber
      return Fiber.join(fiber)
    })
  })
}
