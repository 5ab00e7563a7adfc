/**
 * A stop plan carried out on a child's members: its group, and what left it.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import * as ActiveTime from "@tether/host/ActiveTime"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Launched } from "../ChildDriver.js"
import * as ChildMetrics from "../ChildMetrics.js"
import * as StopPlan from "../StopPlan.js"
import { warn } from "./observability.js"
import { stepsBeforeKill } from "./steps.js"
import { clip, formatDuration } from "./text.js"

/**
 * How many searches in a row may fail to prove what all of them found. With the waits between them, a second or more.
 */
const proofs = 25

/** When a signal is followed by SIGCONT. */
const continueAfter = Duration.millis(50)

/** How long a killed group may take to be gone: the kernel gives back the memory of a large process first. */
const killWait = Duration.seconds(5)

export interface Target {
  readonly label: string
  readonly launched: Launched
  /** By which waits about it are measured. */
  readonly clock: Clock.Clock
  readonly signal: (signal: Signal) => boolean
  /** The leader's status is known and nothing of it is left. */
  readonly isGone: () => boolean
  /**
   * Ends its input; undefined where that is not a pipe that could end, or must not look as if it did. Of one that a
   * neighbour feeds, the neighbour does it.
   */
  readonly endOfInput: () => Effect.Effect<void> | undefined
  /** Told of each step as it begins. */
  readonly onStep: (name: string) => void
  /** Completes once the leader's status is known. */
  readonly leaderEnded: Effect.Effect<void>
}

/** Carries out the plan. Whether nothing is left then: SIGKILL does not reach everyone. */
export const stopGroup = (target: Target, plan: StopPlan.StopPlan): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    // While the leader lives, whom it has started can still be told by their parent.
    yield* target.launched.search
    let waited = Duration.zero
    for (const step of stepsBeforeKill(plan.steps)) {
      if (target.isGone()) return true
      if (step._tag === "CloseStdin" && target.endOfInput() === undefined) continue
      target.onStep(StopPlan.nameOf(step))
      yield* perform(target, step)
      waited = Duration.sum(waited, step.wait)
    }
    if (target.isGone() || target.launched.presence() === "unproven") return true
    if (Duration.greaterThan(waited, Duration.zero)) yield* escalating(target, plan, waited)
    target.onStep("SIGKILL")
    target.signal("SIGKILL")
    return yield* within(target, killWait, awaitGone(target, "SIGKILL"))
  })

const within = (target: Target, wait: Duration.Duration, effect: Effect.Effect<unknown>): Effect.Effect<boolean> =>
  ActiveTime.within(target.clock, wait, effect)

const perform = (target: Target, step: StopPlan.Step): Effect.Effect<unknown> => {
  if (step._tag === "CloseStdin") {
    // The end itself may have to wait, for a child that does not read what is before it.
    return within(target, step.wait, Effect.zipRight(target.endOfInput() ?? Effect.void, awaitGone(target)))
  }
  if (step._tag === "Ask") {
    // Disconnected: a request that cannot be interrupted must not hold up the plan.
    return within(target, step.wait, Effect.disconnect(Effect.interruptible(asked(target, step.effect))))
  }
  target.signal(step.signal)
  const gone = awaitGone(target, step.signal)
  if (step.signal === "SIGCONT") return within(target, step.wait, gone)
  // A stopped process keeps the signal until it goes on. Most are not stopped, and gone before it is their turn.
  const first = Duration.min(continueAfter, Duration.times(step.wait, 0.5))
  return Effect.flatMap(within(target, first, gone), (isGone) => {
    if (isGone) return Effect.succeed(true)
    target.signal("SIGCONT")
    return within(target, Duration.subtract(step.wait, first), gone)
  })
}

/** The request, and then the end; the end alone is enough, and a failed request ends the wait. */
const asked = (target: Target, request: Effect.Effect<unknown, unknown>): Effect.Effect<void> =>
  Effect.matchCauseEffect(request, {
    // An interrupt is a failure too: one of our own fiber does not come by here.
    onFailure: (cause) => warn(`asking "${clip(target.label)}" to stop failed, and its stop plan goes on`, cause),
    onSuccess: () => awaitGone(target)
  }).pipe(Effect.raceFirst(awaitGone(target)))

/**
 * Waits for the leader to be told, then asks for the rest, at first often and then twenty times a second. Whoever is
 * found on the way is sent the signal that the others were sent.
 */
export const awaitGone = (target: Target, signal?: Signal): Effect.Effect<void> =>
  Effect.zipRight(target.leaderEnded, pollGone(target, signal, 1))

const pollGone = (target: Target, signal: Signal | undefined, millis: number, fruitless = 0): Effect.Effect<void> =>
  Effect.flatMap(foundMore(target), (more) => {
    if (target.isGone()) return Effect.void
    if (more && signal !== undefined) target.signal(signal)
    const isUnproven = target.launched.presence() === "unproven"
    // Nobody is known to live, and the machine is too busy to prove more: there is nobody to wait for.
    if (isUnproven && fruitless >= proofs) return Effect.void
    return Effect.zipRight(
      target.clock.sleep(Duration.millis(millis)),
      pollGone(target, signal, Math.min(millis * 2, 50), isUnproven ? fruitless + 1 : 0)
    )
  })

const foundMore = ({ launched }: Target): Effect.Effect<boolean> =>
  Effect.suspend(() => (launched.presence() === "unproven" ? launched.search : Effect.succeed(false)))

const escalating = (target: Target, plan: StopPlan.StopPlan, waited: Duration.Duration): Effect.Effect<void> =>
  Effect.suspend(() => {
    ChildMetrics.escalations.unsafeUpdate(1, [])
    return warn(
      `"${clip(target.label)}" (pid ${target.launched.pid}) was still alive ${formatDuration(waited)} after it was asked ` +
        `to stop (${StopPlan.describe(plan)}), and is killed. If it needs longer, give it longer: option "stop".`
    )
  })
