/**
 * One child from its spawn to its end: where the platform's events come in, and where the handle's promises are kept.
 *
 *   exited   the status is known            -> observers told -> `exited` completes
 *   drained  every drain is done or bounded                  -> `drained` completes
 *   gone     it is proven that nothing lives -> observers told -> `gone` completes with the report
 *
 * Where nothing is in the way (no leftover, no observers) all of it happens in the platform's own callbacks. A fiber is
 * forked only for what has to wait.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import * as ActiveTime from "@tether/host/ActiveTime"
import type { ProcessInfo } from "@tether/host/ProcessInfo"
import * as TerminalText from "@tether/host/TerminalText"
import type * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import type { Child } from "../Child.js"
import type { Launched, LaunchEvents, StreamName } from "../ChildDriver.js"
import type { ChildInput } from "../ChildInput.js"
import * as ChildMetrics from "../ChildMetrics.js"
import type { ChildObserver } from "../ChildObserver.js"
import type { Containment, Drained, ExitReport } from "../ExitReport.js"
import type * as ExitStatus from "../ExitStatus.js"
import type { ProcessFailed } from "../ProcessFailed.js"
import type { StopPlan } from "../StopPlan.js"
import type { SurvivorsError } from "../SurvivorsError.js"
import { Account } from "./account.js"
import { type ByteDrain, bytesOf } from "./byteDrain.js"
import { makeAsk } from "./dialogue.js"
import { Feeding } from "./feeding.js"
import type { Clocks, Hub } from "./hub.js"
import { joinDrains, warnOfDrained } from "./joining.js"
import { attempt, complain, endSpan, tellObserver, warn, warnOfLeftovers, warnOfSuspects } from "./observability.js"
import { observersIn } from "./observers.js"
import { Output } from "./output.js"
import type { Plan } from "./plan.js"
import { stopProblems } from "./problems.js"
import { Race } from "./race.js"
import { makeHub, Reading } from "./reading.js"
import { isSamePlan } from "./sharedPlan.js"
import { awaitGone, stopGroup, type Target } from "./stopping.js"
import { clip } from "./text.js"
import { Verdict } from "./verdict.js"
import { Wakeup } from "./wakeup.js"

/** What the stages of a pipeline have in common. */
export interface Company {
  readonly hub: Hub
  /** The stages that read what this one writes to stdout; undefined for the last one. */
  readonly readers: Readers | undefined
  /** The source of the first one's input has failed, for which all of them are stopped. */
  readonly onInputFailed: () => Effect.Effect<void>
  readonly hasLostInput: () => boolean
}

export interface Readers {
  /** The next stage, once it has been started. */
  readonly next: Effect.Effect<ManagedChild>
  /** Whether a reader of the last stage's output holds all of them up. */
  readonly areHeldUp: () => boolean
  /** Whether one of them wants no more. */
  readonly hasOneEnded: () => boolean
}

export class ManagedChild extends Reading implements Child {
  readonly exited: Effect.Effect<ExitStatus.ExitStatus>
  readonly drained: Effect.Effect<Drained>
  readonly gone: Effect.Effect<ExitReport, SurvivorsError>
  readonly report: Effect.Effect<ExitReport, ProcessFailed | SurvivorsError>
  readonly ask: Child["ask"]
  readonly raceExit: Child["raceExit"]

  private readonly whenExited = Deferred.unsafeMake<ExitStatus.ExitStatus>(FiberId.none)
  private readonly whenDrained = Deferred.unsafeMake<Drained>(FiberId.none)
  private readonly whenGone = Deferred.unsafeMake<ExitReport, SurvivorsError>(FiberId.none)
  /** Told of everything that our own fibers wait for: the leader's end, the last drain, the end of a stop. */
  private readonly moved = new Wakeup()

  private readonly hub: Hub
  private readonly output: Output
  private readonly feeding: Feeding
  private readonly race: Race
  private readonly observers: ReadonlyArray<ChildObserver>
  private startedNanos = 0n
  private launched!: Launched
  private span: Tracer.Span | undefined
  private target!: Target

  readonly verdict: Verdict
  private readonly account: Account

  private readonly plansAtWork = new Set<StopPlan>()
  private resistsKill = false
  private isSettling = false
  private telling: Fiber.RuntimeFiber<void> | undefined
  private isOver = false

  constructor(
    private readonly plan: Plan,
    private readonly runtime: Runtime.Runtime<never>,
    private readonly clocks: Clocks,
    private readonly company?: Company
  ) {
    const hub = company?.hub ?? makeHub(clocks, plan)
    super(hub)
    this.hub = hub
    this.verdict = new Verdict(plan)
    this.output = new Output(plan, hub, {
      launched: () => this.launched,
      clock: clocks.waits,
      fork: (effect) => this.fork(effect),
      onDrained: () => {
        this.moved.notify()
        this.settle()
      }
    })
    this.feeding = new Feeding(plan, clocks.waits, {
      fork: (effect) => this.fork(effect),
      onFailed: (cause) => this.inputFailed(cause)
    })
    this.race = new Race({
      exited: Effect.suspend(() => this.exited),
      settle: Effect.suspend(() => this.settleDeath),
      hasDied: () => this.verdict.hasDied,
      failure: (bodyCause) => this.failure(bodyCause)
    })
    this.ask = makeAsk(hub, this.race, plan.label, () => this.stdin, plan)
    this.raceExit = this.race.run
    this.observers = observersIn<ChildObserver>(runtime.context)
    this.account = new Account(plan, this.verdict, this.output, this.feeding, clocks.dates.unsafeCurrentTimeMillis())
    this.exited = Deferred.await(this.whenExited)
    this.drained = Deferred.await(this.whenDrained)
    this.gone = Deferred.await(this.whenGone)
    this.report = Effect.flatMap(this.gone, (report) => this.checked(report))
  }

  // ---- the platform's side

  readonly events: LaunchEvents = {
    data: (stream, chunk) => this.output.push(stream, chunk),
    end: (stream) => this.output.end(stream),
    exited: (status) => this.onExited(status)
  }

  /** The child runs. Completes once the observers know. */
  begin(launched: Launched, span: Tracer.Span | undefined): Effect.Effect<this> {
    this.launched = launched
    this.hub.turn = launched.turn
    this.startedNanos = this.waits.unsafeCurrentTimeNanos()
    this.account.pid = launched.pid
    this.account.cwd = launched.cwd
    this.account.containment = launched.containment
    this.span = span
    attempt(() => span?.attribute("pid", launched.pid))
    this.target = {
      label: this.plan.label,
      launched,
      clock: this.waits,
      signal: (signal) => this.sendSignal(signal),
      isGone: () => this.status !== undefined && launched.presence() === "none",
      endOfInput: () => this.endOfInput(),
      onStep: (name) => this.verdict.stepBegun(name),
      leaderEnded: Effect.suspend(() => this.moved.until(() => this.status !== undefined))
    }
    this.output.begin()
    // Of a pipeline, nothing is written before all of it runs.
    if (this.company === undefined) this.feed()
    ChildMetrics.started.unsafeUpdate(1, [])
    ChildMetrics.running.unsafeModify(1, [])
    if (!this.isObserved) return Effect.succeed(this)
    // In a fiber of the child's own: who interrupts the spawn must not cut the record of it short.
    this.telling = this.fork(this.tell("spawned", (observer) => observer.spawned(this.account.spawned)))
    return Effect.as(Fiber.join(this.telling), this)
  }

  /** Begins to write what it is to read. */
  feed(): void {
    this.feeding.begin(this.launched)
  }

  private onExited(status: ExitStatus.ExitStatus): void {
    if (this.status !== undefined) return
    this.verdict.exited(status)
    this.account.duration = Duration.nanos(this.waits.unsafeCurrentTimeNanos() - this.startedNanos)
    this.feeding.readerEnded()
    this.moved.notify()
    if (!this.isObserved) Deferred.unsafeDone(this.whenExited, Exit.succeed(status))
    this.settle()
  }

  // ---- from exited to gone

  private settle(): void {
    if (this.status === undefined || this.isSettling) return
    if (!this.isObserved && !this.output.isDrained && !this.hasLookedTwice) {
      this.lookAgain()
      return
    }
    this.isSettling = true
    if (!this.isObserved && this.output.isDrained && this.feeding.isIdle && this.isEmpty) {
      Deferred.unsafeDone(this.whenDrained, Exit.succeed(this.account.drained))
      this.complete(this.status)
    } else {
      const { status } = this
      this.fork(
        this.settleSlowly(status).pipe(
          // Whoever waits for the end gets one, even where the platform could not be asked.
          Effect.catchAllCause((cause) =>
            Effect.map(complain(`the end of "${clip(this.plan.label)}" is not known whole`, cause), () => {
              Deferred.unsafeDone(this.whenExited, Exit.succeed(status))
              Deferred.unsafeDone(this.whenDrained, Exit.succeed(this.account.drained))
              this.complete(status)
            })
          ),
          Effect.annotateLogs(this.annotations)
        )
      )
    }
  }

  private isLookingAgain = false
  private hasLookedTwice = false

  /**
   * The end of file of a pipe that nobody holds arrives within a turn of the exit, and then there is nothing to wait
   * for.
   */
  /** A reader takes nothing for now, so that the process may have to wait with its writing. */
  get isHeldUp(): boolean {
    return this.output.drains.some(({ isPaused }) => isPaused)
  }

  private lookAgain(): void {
    if (this.isLookingAgain) return
    this.isLookingAgain = true
    this.fork(
      Effect.map(this.launched.turn, () => {
        this.hasLookedTwice = true
        this.settle()
      })
    )
  }

  private settleSlowly(status: ExitStatus.ExitStatus): Effect.Effect<void> {
    return Effect.gen(this, function* () {
      if (this.isObserved) {
        // A child may end while its beginning is still being told.
        if (this.telling !== undefined) yield* Fiber.await(this.telling)
        yield* this.output.lastWords("stderr", this.launched.turn)
        yield* this.tell("exited", (observer) =>
          observer.exited({
            ...this.account.spawned,
            status,
            endedBy: this.verdict.endedBy,
            stopStep: this.verdict.stopStep,
            duration: this.account.duration,
            stderr: this.output.tail("stderr")
          })
        )
        Deferred.unsafeDone(this.whenExited, Exit.succeed(status))
      }
      const [drained, holders] = yield* Effect.all([this.joinedDrains, this.holdersAfterGrace], { concurrency: 2 })
      this.account.drained = drained
      if (holders.length > 0) {
        if (drained._tag === "Eof") yield* warnOfDrained(this.plan, { _tag: "Cut", holders })
        this.account.cutStdout(holders, this.company?.readers?.hasOneEnded() !== true)
      }
      Deferred.unsafeDone(this.whenDrained, Exit.succeed(this.account.drained))
      yield* this.endLeftovers()
      yield* this.nameSuspects
      yield* this.feeding.joined
      const error = this.launched.presence() === "some" ? yield* this.survivors(status) : undefined
      if (!this.isEmpty) yield* this.giveUpProof
      yield* this.tell("gone", (observer) => observer.gone(this.account.spawned, error ?? this.account.report(status)))
      this.complete(status, error)
    })
  }

  private readonly joinedDrains: Effect.Effect<Drained> = Effect.suspend(() =>
    this.output.isDrained
      ? Effect.succeed(this.account.drained)
      : joinDrains({
          plan: this.plan,
          launched: this.launched,
          clock: this.waits,
          drains: this.output.drains,
          allDone: this.moved.until(() => this.output.isDrained),
          shown: this.account.shown,
          isStopping: () => this.plansAtWork.size > 0
        })
  )

  /**
   * What the leader left and holds the pipe to the next stage may still write to it. It has as long for that as where
   * we read the pipe ourselves, unless the next stage ends before. Those that hold it longer.
   */
  private readonly holdersAfterGrace: Effect.Effect<ReadonlyArray<ProcessInfo>> = Effect.suspend(() => {
    const readers = this.company?.readers
    if (readers === undefined || this.isEmpty || this.verdict.letsLeftoversBe) return Effect.succeed([])
    return Effect.gen(this, function* () {
      yield* this.launched.search
      if ((yield* this.holdersOfStdout).length === 0) return []
      const gone = awaitGone(this.target)
      const next = yield* Effect.raceFirst(readers.next, Effect.as(gone, undefined))
      if (next === undefined) return []
      const over = yield* Effect.fork(Effect.raceFirst(gone, next.exited))
      const grace = Duration.toMillis(Duration.max(this.plan.drainGrace, this.plan.leftoverGrace))
      for (let read = 0; read < grace;) {
        const slice = Math.min(50, grace - read)
        const wereHeldUp = readers.areHeldUp()
        if (yield* ActiveTime.within(this.waits, slice, Fiber.await(over))) return []
        if (!wereHeldUp && !readers.areHeldUp()) read += slice
      }
      yield* Fiber.interruptFork(over)
      // Whatever a stop plan is at work on is not ours to judge.
      return this.plansAtWork.size > 0 ? [] : yield* this.holdersOfStdout
    })
  })

  /** Others than members, the next stage for one, are not ended for it. */
  private readonly holdersOfStdout = Effect.suspend(() =>
    Effect.zipWith(this.launched.members, this.launched.holders("stdout"), (members, holders) =>
      holders.filter((holder) => members.some(({ pid }) => pid === holder.pid)).map(this.account.shown)
    )
  )

  /**
   * What the leader left is stopped, by the plan that is already at work or else by the child's own; or it is let be.
   */
  private endLeftovers(): Effect.Effect<void> {
    return Effect.gen(this, function* () {
      yield* this.moved.until(() => this.plansAtWork.size === 0)
      if (this.isEmpty || this.resistsKill) return
      yield* ActiveTime.within(this.waits, this.plan.leftoverGrace, awaitGone(this.target))
      if (this.isEmpty) return
      yield* this.launched.search
      if (this.launched.presence() === "unproven") yield* awaitGone(this.target)
      if (this.isEmpty || this.launched.presence() === "unproven") return
      const leftovers = (yield* this.launched.members).map(this.account.shown)
      this.account.leftovers = leftovers.map((each) => ({ ...each, isCertain: true }))
      if (this.verdict.letsLeftoversBe) return this.launched.leave()
      if (leftovers.length > 0) yield* warnOfLeftovers(this.plan.label, leftovers)
      yield* stopGroup(this.target, this.plan.stop)
    })
  }

  /** The search for leftovers has come upon them. */
  private readonly nameSuspects: Effect.Effect<void> = Effect.suspend(() =>
    Effect.flatMap(this.launched.suspects, (found) => {
      if (found.length === 0) return Effect.void
      const suspects = found.map(this.account.shown)
      this.account.leftovers = [...this.account.leftovers, ...suspects.map((each) => ({ ...each, isCertain: false }))]
      return this.verdict.letsLeftoversBe ? Effect.void : warnOfSuspects(this.plan.label, suspects)
    })
  )

  /** Nobody is known to live, and the machine is too busy for a proof. */
  private readonly giveUpProof: Effect.Effect<void> = Effect.suspend(() => {
    if (this.launched.presence() !== "unproven") return Effect.void
    this.launched.leave()
    return warn(
      `nothing that "${clip(this.plan.label)}" has started was found, but the machine is too busy to prove that nothing is left`
    )
  })

  private complete(status: ExitStatus.ExitStatus | undefined, error?: SurvivorsError): void {
    if (this.isOver) return
    this.isOver = true
    ChildMetrics.running.unsafeModify(-1, [])
    const rejected = status !== undefined && !this.verdict.isAccepted
    if (error !== undefined) ChildMetrics.failed("survivors").unsafeUpdate(1, [])
    else if (rejected) ChildMetrics.failed(status._tag === "Exited" ? "exited" : "signaled").unsafeUpdate(1, [])
    const exit =
      error === undefined && status !== undefined
        ? Exit.succeed(this.account.report(status))
        : Exit.fail(error as SurvivorsError)
    const told = Exit.isSuccess(exit) && rejected ? Exit.fail(this.account.failure()) : exit
    endSpan(
      this.span,
      this.clocks.dates,
      told,
      { status, endedBy: this.verdict.endedBy, duration: this.account.duration },
      this.output.drains
    )
    Deferred.unsafeDone(this.whenGone, exit)
  }

  // ---- the owner's side

  get pid(): number {
    return this.launched.pid
  }

  get label(): string {
    return this.plan.label
  }

  /** A logger prints them as they are. */
  private get annotations() {
    return { label: TerminalText.sanitize(this.plan.label), pid: this.pid }
  }

  /** The time of the start, in milliseconds of a monotonic clock. */
  get begunAt(): number {
    return Number(this.startedNanos) / 1e6
  }

  /** By which waits about it are measured. */
  get waits(): Clock.Clock {
    return this.clocks.waits
  }

  get containment(): Containment {
    return this.launched.containment
  }

  private get status(): ExitStatus.ExitStatus | undefined {
    return this.verdict.status
  }

  private get isObserved(): boolean {
    return this.observers.length > 0
  }

  private get isEmpty(): boolean {
    return this.launched.presence() === "none"
  }

  get stdin(): ChildInput {
    return this.input(0)
  }

  readonly bytes = (stream: StreamName): Stream.Stream<Uint8Array> => bytesOf([this.byteDrain(stream)])

  byteDrain(stream: StreamName): ByteDrain | Error {
    return this.output.byteDrain(stream)
  }

  readonly input = (descriptor: number): ChildInput => this.feeding.input(descriptor)

  // Not the status itself: an end is not to be seen before its observers have been told.
  readonly isRunning: Effect.Effect<boolean> = Effect.suspend(() =>
    Effect.map(Deferred.isDone(this.whenExited), (done) => !done)
  )

  // Functions and not methods, because a handle's parts are passed around: `pipe(work, child.raceExit)`.

  readonly signal = (signal: Signal): Effect.Effect<boolean> => Effect.sync(() => this.sendSignal(signal))

  readonly stop = (plan: StopPlan = this.plan.stop): Effect.Effect<void, SurvivorsError> => {
    const problems = stopProblems(plan)
    if (problems.length > 0)
      return Effect.die(new Error(`cannot stop "${clip(this.plan.label)}": ${problems.join("; ")}`))
    return Effect.zipRight(
      this.stopAs("owner", plan),
      Effect.suspend((): Effect.Effect<void, SurvivorsError> =>
        this.resistsKill ? Effect.asVoid(this.gone) : Effect.asVoid(this.exited)
      )
    )
  }

  /** The release of the scope. Nothing can fail here, so what could not be ended is logged as an error. */
  readonly release: Effect.Effect<void> = Effect.suspend(() => {
    if (this.isOver) return Effect.void
    this.output.letGo()
    return Effect.zipRight(this.stopAs("scope", this.plan.stop), this.gone).pipe(
      Effect.catchTag("SurvivorsError", (error) => complain(error.message)),
      Effect.annotateLogs(this.annotations),
      Effect.asVoid,
      // A scope can be closed by a fiber that is interrupted meanwhile, and it closes only once.
      Effect.uninterruptible
    )
  })

  private isAtWork(plan: StopPlan): boolean {
    for (const each of this.plansAtWork) if (isSamePlan(each, plan)) return true
    return false
  }

  private stopAs(by: "owner" | "scope", plan: StopPlan): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.isOver) return Effect.void
      if (this.isAtWork(plan)) {
        // Another fiber carries it out, and may give it up.
        return Effect.zipRight(
          this.moved.until(() => !this.isAtWork(plan)),
          this.stopAs(by, plan)
        )
      }
      this.plansAtWork.add(plan)
      // An end that has happened already is not of our doing, and only has to become known.
      return Effect.suspend(() => (this.status === undefined ? this.launched.settle : Effect.void)).pipe(
        Effect.zipRight(
          Effect.suspend(() => {
            this.verdict.stopRequested(by)
            return stopGroup(this.target, plan)
          })
        ),
        Effect.flatMap((isGone) => (isGone ? Effect.void : this.resisted())),
        Effect.annotateLogs(this.annotations),
        Effect.ensuring(
          Effect.sync(() => {
            this.plansAtWork.delete(plan)
            this.moved.notify()
          })
        )
      )
    })
  }

  /**
   * The source of an input has failed: the child is stopped, and must not take that for the end of its input. One that
   * has ended, and only has not been heard of, is not.
   */
  private inputFailed(cause: Cause.Cause<unknown>): void {
    this.fork(
      Effect.flatMap(this.launched.settle, () => {
        if (!this.verdict.inputFailed(cause)) return Effect.void
        return this.company?.onInputFailed() ?? this.stopUnfed
      })
    )
  }

  readonly stopUnfed: Effect.Effect<void> = Effect.suspend(() => this.stopAs("owner", this.plan.stop))

  private endOfInput(): Effect.Effect<void> | undefined {
    if (this.verdict.inputCause !== undefined || this.company?.hasLostInput() === true) return undefined
    if (this.feeding.canClose) return this.feeding.close
    return this.plan.isFed ? Effect.void : undefined
  }

  /** SIGKILL did not end it. If even the leader stays, no event will ever come: its story ends here. */
  private resisted(): Effect.Effect<void> {
    this.resistsKill = true
    if (this.status !== undefined) return Effect.void
    return Effect.map(this.survivors(undefined), (error) => {
      if (this.status !== undefined) return
      for (const drain of this.output.drains) {
        this.launched.close(drain.stream)
        drain.abandon()
      }
      this.feeding.readerEnded()
      this.complete(undefined, error)
    })
  }

  private survivors(status: ExitStatus.ExitStatus | undefined): Effect.Effect<SurvivorsError> {
    return Effect.map(this.launched.members, (members) => this.account.survivors(members, status))
  }

  private sendSignal(signal: Signal): boolean {
    this.verdict.signalSent(signal)
    return this.launched.signal(signal)
  }

  // ---- outcomes

  /** Time for a death that has happened to become known. */
  get settleDeath(): Effect.Effect<void> {
    return this.launched.settle
  }

  /** What it died of, once its output is there. */
  failure(bodyCause?: Cause.Cause<unknown>): Effect.Effect<never, ProcessFailed> {
    return Effect.flatMap(Effect.zipRight(this.exited, this.drained), () => {
      const { defect } = this.verdict
      return defect === undefined ? Effect.fail(this.account.failure(bodyCause)) : Effect.failCause(defect)
    })
  }

  checked<A>(report: A): Effect.Effect<A, ProcessFailed> {
    const defect = this.output.defect ?? this.verdict.defect
    if (defect !== undefined) return Effect.failCause(defect)
    // Whether its input was whole is not a question of its status.
    const isUnchecked = !this.plan.check && this.verdict.inputCause === undefined
    return isUnchecked || this.verdict.isAccepted ? Effect.succeed(report) : Effect.fail(this.account.failure())
  }

  // ---- helpers

  private tell(what: string, call: (observer: ChildObserver) => Effect.Effect<unknown, unknown>): Effect.Effect<void> {
    if (!this.isObserved) return Effect.void
    return Effect.forEach(
      this.observers,
      (observer) => tellObserver(observer, this.waits, this.plan.label, what, call),
      { discard: true }
    )
  }

  /**
   * A fiber of this child's own, awaited by its release. Interruptible, although it is forked where the spawn is not.
   */
  private fork(effect: Effect.Effect<void>) {
    return Runtime.runFork(this.runtime)(Effect.interruptible(effect))
  }
}
