/**
 * From a plan to processes that run: one, or a pipeline of them, or a failure after which none is left.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import type * as Runtime from "effect/Runtime"
import type * as Tracer from "effect/Tracer"
import type { Child } from "../Child.js"
import type { ChildDriver, Handle, LaunchFailure } from "../ChildDriver.js"
import * as ChildMetrics from "../ChildMetrics.js"
import { SpawnError } from "../SpawnError.js"
import * as StopPlan from "../StopPlan.js"
import type { Clocks } from "./hub.js"
import { type Company, ManagedChild, type Readers } from "./managedChild.js"
import { attempt } from "./observability.js"
import { Pipeline, type Stages } from "./pipeline.js"
import { type CommandPlan, connect, type Plan } from "./plan.js"
import { makeHub } from "./reading.js"
import { SharedPlans } from "./sharedPlan.js"
import { stackless } from "./stackless.js"

export interface Started extends Child {
  readonly release: Effect.Effect<void>
}

interface Surroundings {
  readonly driver: ChildDriver
  readonly runtime: Runtime.Runtime<never>
  readonly clocks: Clocks
}

export const start = (driver: ChildDriver, plan: CommandPlan): Effect.Effect<Started, SpawnError> =>
  Effect.gen(function* () {
    const surroundings = {
      driver,
      runtime: yield* Effect.runtime<never>(),
      clocks: { dates: yield* Effect.clock, waits: yield* driver.clock }
    }
    return yield* plan.stages.length === 1 ? launch(surroundings, plan.stages[0]) : startPipeline(surroundings, plan)
  })

const launch = (
  { clocks, driver, runtime }: Surroundings,
  plan: Plan,
  company?: Company
): Effect.Effect<ManagedChild, SpawnError> =>
  Effect.flatMap(spanOf(plan), (span) => {
    const child = new ManagedChild(plan, runtime, clocks, company)
    return Effect.matchEffect(driver.launch(plan.request, child.events), {
      onSuccess: (launched) => child.begin(launched, span),
      onFailure: (failure) => {
        const error = spawnError(plan, failure)
        attempt(() => span?.end(clocks.dates.unsafeCurrentTimeNanos(), Exit.fail(error)))
        return refuse(error)
      }
    })
  })

/** All of them, or none: those that have been started are ended again when one cannot be. */
const startPipeline = (surroundings: Surroundings, plan: CommandPlan): Effect.Effect<Started, SpawnError> =>
  Effect.suspend(() => {
    const { clocks, driver } = surroundings
    for (const stage of plan.stages) {
      const failure = driver.refusal(stage.request)
      if (failure !== undefined) return refuse(spawnError(stage, failure))
    }
    const hub = makeHub(clocks, plan.stages[0])
    const started: Array<ManagedChild> = []
    const whenStarted = plan.stages.map(() => Deferred.unsafeMake<ManagedChild>(FiberId.none))
    const readersOf = (index: number): Readers | undefined => {
      const next = whenStarted[index + 1]
      if (next === undefined) return undefined
      return {
        next: Deferred.await(next),
        areHeldUp: () => started[plan.stages.length - 1]?.isHeldUp === true,
        hasOneEnded: () => started.slice(index + 1).some(({ verdict }) => verdict.status !== undefined)
      }
    }
    let pipeline: Pipeline | undefined
    const company = {
      hub,
      onInputFailed: () => pipeline?.stopUnfed ?? Effect.void,
      hasLostInput: () => pipeline?.first.verdict.inputCause !== undefined
    }
    const startAll = (stages: ReadonlyArray<Plan>) =>
      Effect.forEach(stages, (stage, index) =>
        Effect.map(launch(surroundings, stage, { ...company, readers: readersOf(index) }), (child) => {
          started.push(child)
          Deferred.unsafeDone(whenStarted[index] as (typeof whenStarted)[number], Exit.succeed(child))
          return child
        })
      ).pipe(
        Effect.onError(() => {
          for (const stage of stages) closeHandles(stage)
          return Effect.forEach(
            started,
            (child) => Effect.ignore(Effect.zipRight(child.stop(StopPlan.kill), child.gone)),
            {
              concurrency: "unbounded",
              discard: true
            }
          )
        })
      )
    const sharedPlans = new SharedPlans(plan.stages[0].stop, clocks.waits)
    const stop = sharedPlans.own
    return withHandles(
      driver,
      plan.stages.map((stage) => ({ ...stage, stop }))
    ).pipe(
      // Of the whole: which stage a file or a pipe was for, its failure does not know.
      Effect.catchAll((failure) => refuse(spawnError({ ...plan.stages[0], label: plan.label }, failure))),
      Effect.flatMap(startAll),
      Effect.map((stages) => {
        pipeline = new Pipeline(plan, stages as unknown as Stages, sharedPlans, hub)
        pipeline.first.feed()
        return pipeline
      })
    )
  })

/** The stages with the pipes between them, and with their files, which are opened together. */
const withHandles = (
  driver: ChildDriver,
  stages: ReadonlyArray<Plan>
): Effect.Effect<ReadonlyArray<Plan>, LaunchFailure> => {
  const places = stages.flatMap((stage, index) =>
    [...stage.request.descriptors].flatMap(([descriptor, what]) =>
      typeof what === "object" && what._tag === "File" ? [{ index, descriptor, file: what }] : []
    )
  )
  return Effect.flatMap(driver.files(places.map((place) => place.file)), (files) =>
    driver.pipes(stages.length - 1).pipe(
      Effect.tapError(() => Effect.sync(() => files.forEach((file) => file.close()))),
      Effect.map((pipes) =>
        stages.map((stage, index) => {
          const ends: Array<readonly [number, Handle]> = []
          places.forEach((place, at) => {
            if (place.index === index) ends.push([place.descriptor, files[at] as Handle])
          })
          const [before, behind] = [pipes[index - 1], pipes[index]]
          if (before !== undefined) ends.push([0, before.reader])
          if (behind !== undefined) ends.push([1, behind.writer])
          return connect(stage, ends)
        })
      )
    )
  )
}

/** Those of a stage that was not started. Others have closed theirs, and do nothing. */
const closeHandles = ({ request }: Plan): void => {
  for (const what of request.descriptors.values()) if (typeof what === "object" && what._tag === "Handle") what.close()
}

/** The failure, counted. */
export const refuse = (error: SpawnError): Effect.Effect<never, SpawnError> => {
  ChildMetrics.failed(`spawn:${error.reason}`).unsafeUpdate(1, [])
  return Effect.fail(error)
}

const spanOf = (plan: Plan): Effect.Effect<Tracer.Span | undefined> =>
  Effect.catchAllDefect(
    Effect.makeSpan("tether.child", { attributes: { label: plan.label }, captureStackTrace: false }),
    () => Effect.succeed(undefined)
  )

const spawnError = (plan: Plan, failure: LaunchFailure): SpawnError =>
  stackless(
    new SpawnError({
      reason: failure.reason,
      label: plan.label,
      ...plan.shown,
      problems: [plan.redactor.redact(failure.problem)],
      code: failure.code
    })
  )
