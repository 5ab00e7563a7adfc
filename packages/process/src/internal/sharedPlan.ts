/**
 * Stop plans compared by value, and one stop plan for several processes: each gets the signals, and what is asked is
 * asked once.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Step, StopPlan } from "../StopPlan.js"

/** Whether two plans have equal steps. Effects have no value to compare: those of two requests must be one object. */
export const isSamePlan = (one: StopPlan, other: StopPlan): boolean =>
  one === other ||
  (one.steps.length === other.steps.length &&
    one.steps.every((step, index) => isSameStep(step, other.steps[index] as Step)))

const isSameStep = (one: Step, other: Step): boolean => {
  if (!Duration.equals(one.wait, other.wait)) return false
  if (one._tag === "Signal") return other._tag === "Signal" && one.signal === other.signal
  return one._tag === "Ask" ? other._tag === "Ask" && one.effect === other.effect : other._tag === one._tag
}

/** The plans of a pipeline with a request, each as its stages carry it out together. */
export class SharedPlans {
  /** `clock`: by which waits about the pipeline are measured, once it runs. */
  constructor(private readonly clock: () => Clock.Clock) {}

  private readonly known: Array<readonly [StopPlan, StopPlan]> = []

  /** Equal plans share their requests, so that these are made once. */
  of(plan: StopPlan): StopPlan {
    if (!plan.steps.some((step) => step._tag === "Ask")) return plan
    const found = this.known.find(([each]) => isSamePlan(each, plan))
    if (found !== undefined) return found[1]
    const shared = { steps: plan.steps.map((step) => this.share(step)) }
    this.known.push([plan, shared])
    return shared
  }

  private share(step: Step): Step {
    if (step._tag !== "Ask") return step
    const bounded = Effect.suspend(() => ActiveTime.within(this.clock(), step.wait, step.effect))
    return { ...step, effect: once(bounded) }
  }
}

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
