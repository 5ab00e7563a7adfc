/**
 * A process that serves turn after turn, and is started again where it has ended.
 */
import * as Command from "@effect/platform/Command"
import * as ActiveTime from "@tether/host/ActiveTime"
import type { Child } from "@tether/process/Child"
import type { LinesInfo } from "@tether/process/ChildOptions"
import { type Acquired, ChildSpawner } from "@tether/process/ChildSpawner"
import * as ExitStatus from "@tether/process/ExitStatus"
import type { SpawnError } from "@tether/process/SpawnError"
import * as StopPlan from "@tether/process/StopPlan"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Decision, Decoder, Dialogue, Prompt } from "../AgentAdapter.js"
import { SessionBusy } from "../SessionBusy.js"
import type { PermissionAsked, TurnEvent } from "../TurnEvent.js"
import { Attribution } from "./attribution.js"
import { defaultStop, leftoverStop, processOptions } from "./process.js"
import { type End, Progress } from "./progress.js"
import { problemsOf, refusal } from "./refusals.js"
import type { Timeouts } from "./request.js"
import type { AgentSession, SessionOptions, SessionTurn } from "./sessionRequest.js"
import { Unclaimed } from "./unclaimed.js"

/** At the end of its input it ends by itself, once its turn is over. */
const politely = StopPlan.make(StopPlan.closeStdin("2 seconds"), ...defaultStop.steps)

/** A message may come without a result behind it, and then none is to be waited for. */
const backgroundPatience: Duration.DurationInput = "30 seconds"

const unwritable: Decision = { behavior: "deny", message: "The input cannot be written as JSON." }

const denied: Decision = { behavior: "deny", message: "The program that runs this session does not allow it." }

export const openSession = (
  options: SessionOptions
): Effect.Effect<AgentSession, SpawnError, ChildSpawner | Scope.Scope> =>
  Effect.gen(function* () {
    const { adapter, cwd } = options
    const binary = options.binary ?? adapter.binary
    const label = `${adapter.name} session`
    const refuse = (reason: SpawnError["reason"], problems: ReadonlyArray<string>) =>
      Effect.fail(refusal(reason, label, binary, cwd, problems))
    if (adapter.dialogue === undefined)
      return yield* refuse("Unsupported", [`a process of ${adapter.name} serves one turn: take AgentTurn`])
    const problems = [
      ...problemsOf(options, options),
      ...adapter.invocation({ ...options, turnId: "0", prompt: "?" }).problems
    ]
    if (problems.length > 0) return yield* refuse("InvalidArgument", problems)
    const spawner = yield* ChildSpawner
    const session = new OpenSession(
      options,
      adapter.dialogue,
      label,
      spawner,
      yield* spawner.clock,
      yield* Effect.clock
    )
    yield* Effect.acquireRelease(session.start, () => session.close)
    return session
  })

class OpenSession implements AgentSession {
  private readonly turns = Effect.unsafeMakeSemaphore(1)
  private readonly attribution = new Attribution()
  private readonly unclaimed = new Unclaimed(this.attribution)
  private process: Acquired | undefined
  /** It is being stopped. */
  private doomed: Child | undefined
  /** The decoder for lines between two turns: that of the previous turn, because a message may continue. */
  private between: Decoder | undefined
  private current: { readonly turnId: string; readonly progress: Progress } | undefined
  private known: string | undefined
  private count = 0
  private isClosed = false
  /** Which turn has the process, or is about to get it. */
  private holder: string | undefined
  /** Of the process that runs, so far. */
  private readonly before = { turns: 0 }
  /** Questions that are not answered yet, and who waits to deny them. */
  private readonly asked = new Set<string>()
  private readonly considered = new Set<string>()
  private readonly deniers = new Set<Fiber.RuntimeFiber<boolean>>()

  constructor(
    private readonly options: SessionOptions,
    private readonly dialogue: Dialogue,
    private readonly label: string,
    private readonly spawner: ChildSpawner["Type"],
    private readonly clock: Clock.Clock,
    private readonly ownersClock: Clock.Clock
  ) {}

  readonly sessionId: Effect.Effect<string | undefined> = Effect.sync(
    () => this.current?.progress.account.sessionId ?? this.known
  )

  // ---- its process

  readonly start: Effect.Effect<void, SpawnError> = Effect.uninterruptible(
    Effect.suspend(() => {
      const { options } = this
      const resumed = this.known === undefined ? options : { ...options, resumeSessionId: this.known }
      const command = Command.make(options.binary ?? options.adapter.binary, ...this.dialogue.args(resumed, true))
      return Effect.map(
        this.spawner.acquire(command, {
          ...processOptions(options, options.stop ?? leftoverStop),
          label: this.label,
          stdin: "pipe",
          onLines: {
            stdout: (lines, info) => this.stdout(lines, info),
            stderr: (lines, info) => this.stderr(lines, info)
          }
        }),
        (acquired) => {
          this.process = acquired
          this.between = undefined
          // In place: a turn that has begun may be served by this one after all.
          Object.assign(this.before, { turns: 0 })
          this.attribution.ended()
        }
        // A restarted process keeps the opener's clock, whichever fiber reads the turn that restarts it.
      ).pipe(Effect.withClock(this.ownersClock))
    })
  )

  /**
   * Whether it still runs; where it has ended, it is gone when this is answered, and how it ended is told in the next
   * turn.
   */
  private readonly ensureStarted: Effect.Effect<void, SpawnError> = Effect.suspend(() => {
    const { process } = this
    if (process === undefined) return this.start
    return Effect.flatMap(process.child.isRunning, (isRunning) =>
      isRunning ? Effect.void : Effect.zipRight(this.bury(process), this.start)
    )
  })

  private bury({ child, release }: Acquired): Effect.Effect<void> {
    this.process = undefined
    return Effect.zipRight(
      release,
      Effect.map(child.exited, (status) =>
        this.unclaimed.note(`its process had ended (${ExitStatus.format(status)}) and was started again`)
      )
    )
  }

  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.isClosed = true
    this.attribution.quiet.unsafeOpen()
    const progress = this.current?.progress
    const stopped =
      progress === undefined
        ? Effect.void
        : this.stopFor(progress, () => {
            progress.isCancelled = true
          })
    // A turn that is about to begin may still be starting a process. Those that wait find the session closed.
    const last = this.turns.withPermits(1)(
      Effect.suspend(() => (this.process === undefined ? Effect.void : this.farewell(this.process)))
    )
    return Effect.zipRight(stopped, last)
  })

  /** At the end of its input it ends by itself. */
  private farewell({ child, release }: Acquired): Effect.Effect<void> {
    return Effect.zipRight(Effect.ignore(child.stop(this.options.stop ?? politely)), release)
  }

  private readonly unlessClosed: Effect.Effect<void, SpawnError> = Effect.suspend(() => {
    const { adapter, binary = adapter.binary, cwd } = this.options
    return this.isClosed
      ? Effect.fail(refusal("InvalidArgument", this.label, binary, cwd, ["the session is closed"]))
      : Effect.void
  })

  private write(line: string): Effect.Effect<void> {
    // Where it does not read on, its end tells why.
    return Effect.suspend(() =>
      this.process === undefined ? Effect.void : Effect.ignore(this.process.child.stdin.write(`${line}\n`))
    )
  }

  // ---- what it says

  private stdout(lines: ReadonlyArray<string>, info: LinesInfo): Effect.Effect<void> | undefined {
    if (this.current === undefined) {
      const questions = this.unclaimed.take((this.between ??= this.options.adapter.decoder(this.promptOf(""))), lines)
      // Nobody is there to answer.
      return Effect.forEach(
        questions,
        ({ requestId }) => Effect.forkDaemon(this.write(this.dialogue.permit(requestId, denied))),
        { discard: true }
      )
    }
    const questions: Array<PermissionAsked> = []
    const room = this.current.progress.stdout(lines, info, (events) => {
      for (const event of events) {
        if (event._tag !== "PermissionAsked") continue
        // Before anybody can answer.
        this.asked.add(event.requestId)
        questions.push(event)
      }
    })
    const considered = Effect.suspend(() => Effect.forEach(questions, (each) => this.consider(each), { discard: true }))
    if (room === undefined) return questions.length === 0 ? undefined : considered
    return Effect.zipRight(considered, Effect.zipRight(room, considered))
  }

  private stderr(lines: ReadonlyArray<string>, info: LinesInfo): Effect.Effect<void> | undefined {
    return this.current?.progress.stderr(lines, info)
  }

  // ---- what it asks

  private consider({ requestId }: PermissionAsked): Effect.Effect<void> {
    if (this.considered.has(requestId)) return Effect.void
    this.considered.add(requestId)
    const { permissionTimeout = "10 minutes", permissions = "deny" } = this.options
    const deny = this.answer(requestId, denied)
    const patience = permissions === "deny" ? Effect.void : this.clock.sleep(Duration.decode(permissionTimeout))
    return Effect.map(Effect.forkDaemon(Effect.interruptible(Effect.zipRight(patience, deny))), (fiber) => {
      this.deniers.add(fiber)
      fiber.addObserver(() => this.deniers.delete(fiber))
    })
  }

  /** Whoever answers first has answered. */
  private answer(requestId: string, decision: Decision): Effect.Effect<boolean> {
    return Effect.suspend(() =>
      this.asked.delete(requestId)
        ? Effect.as(this.write(this.permitLine(requestId, decision)), true)
        : Effect.succeed(false)
    )
  }

  /** The agent may ask with an input that is nested too deeply to be written again. */
  private permitLine(requestId: string, decision: Decision): string {
    try {
      return this.dialogue.permit(requestId, decision)
    } catch {
      return this.dialogue.permit(requestId, unwritable)
    }
  }

  readonly reply = (requestId: string, decision: Decision): Effect.Effect<boolean> =>
    this.options.permissions === "ask" ? this.answer(requestId, decision) : Effect.succeed(false)

  // ---- its turns

  private promptOf(prompt: string, turnId = String(this.count)): Prompt {
    return { ...this.options, resumeSessionId: this.known ?? this.options.resumeSessionId, prompt, turnId }
  }

  readonly turn = ({ prompt, timeouts, turnId }: SessionTurn): Stream.Stream<TurnEvent, SpawnError | SessionBusy> =>
    Stream.unwrapScoped(
      Effect.gen(this, function* () {
        const id = turnId ?? String(++this.count)
        const { adapter, cwd, whenBusy } = this.options
        const problems = problemsOf({ cwd, prompt, turnId: id }, { timeouts })
        if (problems.length > 0)
          return yield* Effect.fail(refusal("InvalidArgument", this.label, adapter.binary, cwd, problems))
        if (this.holder !== undefined && whenBusy === "refuse")
          return yield* Effect.fail(new SessionBusy({ turnId: id, running: this.holder }))
        const progress = yield* Effect.uninterruptibleMask((restore) =>
          restore(this.turns.take(1)).pipe(
            Effect.zipRight(
              Effect.onError(Effect.zipRight(restore(this.quiet), this.begin(id, prompt, timeouts)), () =>
                this.turns.release(1)
              )
            ),
            Effect.tap((begun) => Effect.addFinalizer(() => this.cancel(begun)))
          )
        )
        return progress.events(this.cancel(progress))
      })
    )

  /** Nothing goes on in it that it has begun by itself: it would answer the prompt in that turn, or not at all. */
  private readonly quiet: Effect.Effect<void> = Effect.suspend(() => {
    const { attribution, process } = this
    if (process === undefined) return Effect.void
    const settled = Effect.raceFirst(attribution.quiet.await, process.child.exited)
    return Effect.map(ActiveTime.within(this.clock, backgroundPatience, settled), (isQuiet) => {
      if (!isQuiet) attribution.waitedFor()
    })
  })

  private begin(turnId: string, prompt: string, timeouts: Timeouts | undefined): Effect.Effect<Progress, SpawnError> {
    return Effect.gen(this, function* () {
      yield* this.unlessClosed
      this.holder = turnId
      yield* Effect.onError(this.ensureStarted, () => Effect.sync(() => this.free()))
      if (this.isClosed) this.free()
      yield* this.unlessClosed
      const progress = new Progress(
        {
          ...this.promptOf(prompt, turnId),
          adapter: this.options.adapter,
          env: this.options.env,
          timeouts: timeouts ?? this.options.timeouts,
          before: this.before,
          attribution: this.attribution
        },
        this.clock
      )
      progress.backlog.offer(this.unclaimed.claim(progress.account), 0)
      this.current = { turnId, progress }
      // As a turn of its own: it is begun where nothing can be interrupted, and its races must be.
      yield* Effect.forkDaemon(
        Effect.interruptible(Effect.ensuring(this.drive(turnId, progress, prompt), this.turns.release(1)))
      )
      return progress
    })
  }

  private free(): void {
    this.holder = undefined
  }

  private drive(turnId: string, progress: Progress, prompt: string): Effect.Effect<void> {
    return Effect.gen(this, function* () {
      let end = yield* this.serve(progress, prompt)
      if (end !== undefined && this.hasNotHeard(end, progress) && (yield* Effect.isSuccess(this.ensureStarted))) {
        progress.backlog.offer(this.unclaimed.claim(progress.account), 0)
        end = yield* this.serve(progress, prompt)
      }
      this.known = progress.account.sessionId ?? this.known
      this.before.turns++
      this.current = undefined
      this.between = progress.account.decoder
      this.free()
      yield* Effect.forEach(this.asked, (requestId) => this.answer(requestId, denied), { discard: true })
      this.considered.clear()
      yield* Effect.forEach(this.deniers, (fiber) => Fiber.interruptFork(fiber), { discard: true })
      yield* progress.finish(end)
    }).pipe(Effect.withSpan(`${this.options.adapter.name} turn`, { attributes: { turnId } }))
  }

  /** Asks, and answers with the end of the process if that comes before the result. */
  private serve(progress: Progress, prompt: string): Effect.Effect<End | undefined> {
    return Effect.gen(this, function* () {
      const { child } = this.process as Acquired
      const promptId = globalThis.crypto.randomUUID()
      this.attribution.ask(promptId)
      const working = yield* Effect.fork(
        Effect.zipRight(this.write(this.dialogue.user(prompt, promptId)), this.timedOut(progress), { concurrent: true })
      )
      const end = yield* Effect.raceFirst(Effect.as(progress.hasResult, undefined), Effect.either(child.gone))
      yield* Fiber.interruptFork(working)
      // One that is being stopped serves no other turn, whatever it still says.
      return end ?? (this.doomed === child ? yield* Effect.either(child.gone) : undefined)
    })
  }

  /** One that was about to end by itself when it was asked, and has said nothing of it. */
  private hasNotHeard(end: End, { account, isCancelled, timeout }: Progress): boolean {
    if (Either.isLeft(end) || this.before.turns === 0 || this.isClosed) return false
    const { endedBy, status } = end.right
    return (
      endedBy === "child" &&
      status._tag === "Exited" &&
      status.code === 0 &&
      !account.hasSpoken &&
      !isCancelled &&
      timeout === undefined
    )
  }

  private timedOut(progress: Progress): Effect.Effect<void> {
    return Effect.flatMap(progress.timedOut, (phase) =>
      this.stopFor(progress, () => {
        progress.timeout = phase
      })
    )
  }

  /** What is asked for after the exit changes nothing. */
  private stopFor(progress: Progress, note: () => void): Effect.Effect<void> {
    return this.whileRunning((child) => {
      note()
      progress.backlog.widen()
      this.doomed = child
      return Effect.uninterruptible(Effect.ignore(child.stop(this.options.stop ?? defaultStop)))
    })
  }

  private whileRunning(then: (child: Child) => Effect.Effect<void>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const child = this.process?.child
      return child === undefined
        ? Effect.void
        : Effect.flatMap(child.isRunning, (isRunning) => (isRunning ? then(child) : Effect.void))
    })
  }

  /** By the protocol first, which leaves the process alive. */
  private cancel(progress: Progress): Effect.Effect<void> {
    return Effect.suspend(() => {
      const over = Effect.asVoid(progress.outcome)
      if (this.current?.progress !== progress) return over
      const note = () => {
        progress.isCancelled = true
      }
      const { interrupt } = this.dialogue
      if (interrupt === undefined) return Effect.zipRight(this.stopFor(progress, note), over)
      const ask = this.whileRunning(() => {
        note()
        progress.backlog.widen()
        return this.write(interrupt(`interrupt-${++this.count}`))
      })
      const grace = this.options.interruptGrace ?? "5 seconds"
      return Effect.flatMap(
        ActiveTime.within(this.clock, grace, Effect.disconnect(Effect.zipRight(ask, over))),
        (isOver) => (isOver ? Effect.void : Effect.zipRight(this.stopFor(progress, note), over))
      )
    })
  }

  readonly interrupt: Effect.Effect<void> = Effect.suspend(() =>
    this.current === undefined ? Effect.void : this.cancel(this.current.progress)
  )
}
