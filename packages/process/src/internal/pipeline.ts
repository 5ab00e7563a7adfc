/**
 * A pipeline: processes that are children of their own, each read, stopped and proven to be gone like any other, behind
 * one handle. The kernel carries the bytes between them.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import * as ActiveTime from "@tether/host/ActiveTime"
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { Child } from "../Child.js"
import type { StreamName } from "../ChildDriver.js"
import type { ChildInput } from "../ChildInput.js"
import type { Drained, ExitReport, StreamReport } from "../ExitReport.js"
import type * as ExitStatus from "../ExitStatus.js"
import type { ProcessFailed } from "../ProcessFailed.js"
import type * as StopPlan from "../StopPlan.js"
import { SurvivorsError } from "../SurvivorsError.js"
import { bytesOf } from "./byteDrain.js"
import { makeAsk } from "./dialogue.js"
import type { Hub } from "./hub.js"
import { ManagedChild } from "./managedChild.js"
import type { CommandPlan } from "./plan.js"
import { Race } from "./race.js"
import { Reading } from "./reading.js"
import type { SharedPlans } from "./sharedPlan.js"
import { stackless } from "./stackless.js"

export type Stages = readonly [ManagedChild, ...ReadonlyArray<ManagedChild>]

/** Whose end a program that knows of no stages takes for the end. */
export const lastStageOf = (child: Child): Child => (child instanceof Pipeline ? child.last : child)

/** Whether the source of its input has failed, for which all of it is stopped. */
export const hasLostInput = (child: Child): boolean => {
  const first = child instanceof Pipeline ? child.first : child
  return first instanceof ManagedChild && first.verdict.inputCause !== undefined
}

/** By which waits about it are measured. */
export const waitsOf = (child: Child): Clock.Clock => {
  const last = lastStageOf(child)
  return last instanceof ManagedChild ? last.waits : ActiveTime.clock
}

const together = { concurrency: "unbounded" } as const

export class Pipeline extends Reading implements Child {
  readonly label: string
  readonly pid: number
  readonly containment: Child["containment"]
  readonly exited: Effect.Effect<ExitStatus.ExitStatus>
  readonly drained: Effect.Effect<Drained>
  readonly gone: Effect.Effect<ExitReport, SurvivorsError>
  readonly report: Effect.Effect<ExitReport, ProcessFailed | SurvivorsError>
  readonly isRunning: Effect.Effect<boolean>
  readonly ask: Child["ask"]
  readonly raceExit: Child["raceExit"]
  readonly first: ManagedChild
  readonly last: ManagedChild

  constructor(
    plan: CommandPlan,
    private readonly stages: Stages,
    private readonly sharedPlans: SharedPlans,
    hub: Hub
  ) {
    super(hub)
    this.first = stages[0]
    this.last = stages.at(-1) as ManagedChild
    this.label = plan.label
    this.pid = this.last.pid
    this.containment = this.last.containment
    this.exited = Effect.map(
      this.forAll((stage) => stage.exited),
      () => this.decisive.verdict.status as ExitStatus.ExitStatus
    )
    this.drained = Effect.map(
      this.forAll((stage) => stage.drained),
      drainedOf
    )
    this.isRunning = Effect.map(
      this.forAll((stage) => stage.isRunning),
      (running) => running.includes(true)
    )
    this.gone = Effect.flatMap(
      this.forAll((stage) => Effect.exit(stage.gone)),
      (ends) => this.unlessSurvived(ends, (reports) => this.joined(reports))
    )
    this.report = Effect.flatMap(this.gone, (report) =>
      Effect.as(
        Effect.forEach(stages, (stage) => stage.checked(report), { discard: true }),
        report
      )
    )
    const race = new Race({
      exited: this.exited,
      settle: Effect.asVoid(this.forAll((stage) => stage.settleDeath)),
      hasDied: () => this.hasDied,
      failure: (bodyCause) => this.decisive.failure(bodyCause)
    })
    this.ask = makeAsk(hub, race, plan.label, () => this.stdin, plan.stages.at(-1) ?? plan.stages[0])
    this.raceExit = race.run
  }

  get stdin(): ChildInput {
    return this.first.stdin
  }

  readonly input = (descriptor: number): ChildInput => this.first.input(descriptor)

  readonly bytes = (stream: StreamName): Stream.Stream<Uint8Array> =>
    stream === "stdout" ? this.last.bytes(stream) : bytesOf(this.stages.map((stage) => stage.byteDrain(stream)))

  readonly signal = (signal: Signal): Effect.Effect<boolean> =>
    Effect.map(
      this.forAll((stage) => stage.signal(signal)),
      (taken) => taken.includes(true)
    )

  readonly stop = (plan?: StopPlan.StopPlan): Effect.Effect<void, SurvivorsError> =>
    Effect.flatMap(
      this.sharedPlans.use(plan, (shared) => this.forAll((stage) => Effect.exit(stage.stop(shared)))),
      (ends) => this.unlessSurvived(ends, () => undefined)
    )

  /** Uninterruptible as a whole: a stage whose turn has not come would be passed over, and a scope closes only once. */
  readonly release: Effect.Effect<void> = Effect.uninterruptible(
    Effect.suspend(() => Effect.asVoid(this.sharedPlans.use(undefined, () => this.forAll((stage) => stage.release))))
  )

  /**
   * The source of the first one's input has failed. One after the other, so that nobody sees the end of who is before
   * it.
   */
  readonly stopUnfed: Effect.Effect<void> = Effect.suspend(() =>
    this.sharedPlans.use(undefined, () =>
      Effect.forEach([...this.stages].reverse(), (stage) => stage.stopUnfed, { discard: true })
    )
  )

  /**
   * For all of them at once, the last one first: who is ended before its neighbour on the left does not see that one's
   * end as the end of its input.
   */
  private forAll<A, E>(f: (stage: ManagedChild) => Effect.Effect<A, E>): Effect.Effect<ReadonlyArray<A>, E> {
    return Effect.map(Effect.forEach([...this.stages].reverse(), f, together), (all) => [...all].reverse())
  }

  /** Whose end is the end of the whole: the first, from the left, that is not accepted, else the last one. */
  private get decisive(): ManagedChild {
    if (this.first.verdict.inputCause !== undefined) return this.first
    return this.stages.find(({ verdict }) => verdict.status !== undefined && !verdict.isAccepted) ?? this.last
  }

  /** All of it has ended, or one stage has failed, whatever the others still do. */
  private get hasDied(): boolean {
    const { verdict } = this.decisive
    return verdict.hasDied && (!verdict.isAccepted || this.stages.every((stage) => stage.verdict.status !== undefined))
  }

  /** What is made of the ends of all, or what has survived of any. */
  private unlessSurvived<A, B>(
    ends: ReadonlyArray<Exit.Exit<A, SurvivorsError>>,
    f: (values: Array<A>) => B
  ): Effect.Effect<B, SurvivorsError> {
    const errors = ends.flatMap((end) => (Exit.isFailure(end) ? Option.toArray(Cause.failureOption(end.cause)) : []))
    if (errors.length === 0)
      return Effect.map(
        Option.getOrElse(Exit.all(ends), () => Exit.succeed<Array<A>>([])),
        f
      )
    const survivors = errors.flatMap((error) => error.survivors)
    return Effect.fail(stackless(new SurvivorsError({ label: this.label, survivors, status: errors.at(-1)?.status })))
  }

  private joined(reports: ReadonlyArray<ExitReport>): ExitReport {
    const [first] = reports as [ExitReport]
    const last = reports.at(-1) as ExitReport
    const decisive = reports[this.stages.indexOf(this.decisive)] as ExitReport
    // Not from the dates, which may have been set meanwhile.
    const end = Math.max(
      ...this.stages.map(({ begunAt }, index) => begunAt + Duration.toMillis((reports[index] as ExitReport).duration))
    )
    return {
      label: this.label,
      pid: last.pid,
      status: decisive.status,
      endedBy: decisive.endedBy,
      stopStep: decisive.stopStep,
      startedAt: first.startedAt,
      duration: Duration.millis(end - this.first.begunAt),
      drained: drainedOf(reports.map((each) => each.drained)),
      containment: last.containment,
      inputs: first.inputs,
      // The output of the whole lacks what a stage before the last one could not pass on.
      stdout: { ...last.stdout, drained: worstOf(reports.map(({ stdout }) => stdout)) },
      stderr: sumOf(
        reports.map((each) => each.stderr),
        decisive.stderr.tail
      ),
      fds: last.fds,
      // A daemon may have been left by any of several stages.
      leftovers: [
        ...new Map(
          reports.flatMap((each) => each.leftovers).map((each) => [`${each.pid} ${each.startedAt}`, each])
        ).values()
      ],
      stages: reports.flatMap((each) => each.stages)
    }
  }
}

/** Which is worst: bytes that were lost, then a pipe that was still open. */
const drainedOf = (all: ReadonlyArray<Drained>): Drained => {
  const bytes = all.reduce((sum, each) => (each._tag === "Stalled" ? sum + each.bytes : sum), 0)
  if (all.some((each) => each._tag === "Stalled")) return { _tag: "Stalled", bytes }
  const cut = all.flatMap((each) => (each._tag === "Cut" ? [each] : []))
  return cut.length === 0 ? { _tag: "Eof" } : { _tag: "Cut", holders: cut.flatMap((each) => each.holders) }
}

const worst = ["Stalled", "Cut"] as const

const sumOf = (all: ReadonlyArray<StreamReport>, tail: string): StreamReport => ({
  bytes: all.reduce((sum, each) => sum + each.bytes, 0),
  lines: all.reduce((sum, each) => sum + each.lines, 0),
  truncatedLines: all.reduce((sum, each) => sum + each.truncatedLines, 0),
  truncatedBytes: all.reduce((sum, each) => sum + each.truncatedBytes, 0),
  drained: worstOf(all),
  tail
})

const worstOf = (all: ReadonlyArray<StreamReport>): StreamReport["drained"] =>
  worst.find((end) => all.some(({ drained }) => drained === end)) ?? "Eof"
