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
import { stepsBeforeKill } from "./steps.js"

/** Whether two plans have equal steps. Effects have no value to compare: those of two requests must be one object. */
export const isSamePlan = (one: StopPlan, other: StopPlan): boolean => {
  if (one === other) return true
  const [steps, others] = [stepsBeforeKill(one.steps), stepsBeforeKill(other.steps)]
  return steps.length === others.length && steps.every((step, index) => isSameStep(step, others[index] as Step))
}

const isSameStep = (one: Step, other: Step): boolean => {
  if (!Duration.equals(one.wait, other.wait)) return false
  if (one._tag === "Signal") return other._tag === "Signal" && one.signal === other.signal
  return one._tag === "Ask" ? other._tag === "Ask" && one.effect === other.effect : other._tag === one._tag
}

/** A plan as the stages of a pipeline carry it out together. */
interface Shared {
  readonly given: StopPlan
  readonly plan: StopPlan
  readonly requests: ReadonlyArray<Request>
  /** How many stops of the pipeline carry it out at this moment. */
  uses: number
}

/** The stop plans of a pipeline. */
export class SharedPlans {
  private readonly ownPlan: Shared
  private readonly others = new Set<Shared>()

  /** `own`: the plan of the pipeline itself. `clock`: by which waits about it are measured. */
  constructor(
    own: StopPlan,
    private readonly clock: Clock.Clock
  ) {
    this.ownPlan = this.shared(own)
  }

  get own(): StopPlan {
    return this.ownPlan.plan
  }

  /**
   * A stop of the whole pipeline by a plan, by default its own. While several stops by equal plans are at work, each
   * request is made once. After the last of them it is given up, and made again by the next one.
   */
  use<A, E>(given: StopPlan | undefined, stop: (plan: StopPlan) => Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        const shared = given === undefined ? this.ownPlan : this.of(given)
        shared.uses++
        return shared
      }),
      ({ plan }) => stop(plan),
      (shared) =>
        Effect.suspend(() => {
          if (--shared.uses > 0) return Effect.void
          this.others.delete(shared)
          return Effect.forEach(shared.requests, ({ giveUp }) => giveUp, { discard: true })
        })
    )
  }

  private of(given: StopPlan): Shared {
    const found = [this.ownPlan, ...this.others].find((each) => isSamePlan(each.given, given))
    if (found !== undefined) return found
    const shared = this.shared(given)
    this.others.add(shared)
    return shared
  }

  private shared(given: StopPlan): Shared {
    const requests: Array<Request> = []
    const steps = given.steps.map((step): Step => {
      if (step._tag !== "Ask") return step
      const request = new Request(ActiveTime.within(this.clock, step.wait, step.effect))
      requests.push(request)
      return { ...step, effect: request.answer }
    })
    return { given, plan: requests.length === 0 ? given : { steps }, requests, uses: 0 }
  }
}

/** Something to be asked once for several. */
class Request {
  private asking: Fiber.Fiber<unknown, unknown> | undefined

  constructor(private readonly effect: Effect.Effect<unknown, unknown>) {}

  /** In a fiber of its own: who asked first may end before it, and the others still wait for the answer. */
  readonly answer: Effect.Effect<unknown, unknown> = Effect.suspend(() => {
    if (this.asking !== undefined) return Fiber.join(this.asking)
    return Effect.flatMap(Effect.forkDaemon(Effect.interruptible(this.effect)), (fiber) => {
      this.asking = fiber
      return Fiber.join(fiber)
    })
  })

  readonly giveUp: Effect.Effect<void> = Effect.suspend(() => {
    const { asking } = this
    this.asking = undefined
    return asking === undefined ? Effect.void : Fiber.interruptFork(asking)
  })
}
