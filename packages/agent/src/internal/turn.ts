/**
 * A turn from its start to its terminal event.
 */
import * as Command from "@effect/platform/Command"
import * as ProcessInfo from "@tether/host/ProcessInfo"
import type { Child } from "@tether/process/Child"
import type { OnLines } from "@tether/process/ChildOptions"
import { ChildSpawner } from "@tether/process/ChildSpawner"
import type { Drained, ExitReport } from "@tether/process/ExitReport"
import type { ExitStatus } from "@tether/process/ExitStatus"
import type { SpawnError } from "@tether/process/SpawnError"
import * as StopPlan from "@tether/process/StopPlan"
import type { SurvivorsError } from "@tether/process/SurvivorsError"
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Turn, TurnRequest } from "./request.js"
import type { Terminal, TurnEvent } from "../TurnEvent.js"
import { Account } from "./account.js"
import { Backlog } from "./backlog.js"
import { outcomeOf, type Phase } from "./outcome.js"
import { problemsOf, refusal } from "./refusals.js"
import { watch } from "./watch.js"

/** SIGINT is what a person would do: the agent may end its turn, and say so. */
export const defaultStop = StopPlan.make(StopPlan.signal("SIGINT", "3 seconds"), StopPlan.signal("SIGTERM", "3 seconds"))

export const defaultMaxLineBytes = 16 * 1024 * 1024

/** Of stderr, so much is kept for the end. */
export const stderrTail = 8 * 1024

export const startTurn = (request: TurnRequest): Effect.Effect<Turn, SpawnError, ChildSpawner | Scope.Scope> =>
  Effect.gen(function*() {
    const { adapter, cwd, env, prompt, turnId } = request
    const binary = request.binary ?? adapter.binary
    const label = `${adapter.name} turn ${turnId}`
    const invocation = adapter.invocation(request)
    const problems = [...problemsOf(request, request), ...invocation.problems]
    if (problems.length > 0) return yield* Effect.fail(refusal("InvalidArgument", label, binary, cwd, problems))

    const spawner = yield* ChildSpawner
    const clock = yield* Effect.clock
    const turn = new RunningTurn(request, clock)
    return yield* Effect.acquireRelease(
      Effect.gen(function*() {
        const { child, release } = yield* spawner.acquire(Command.make(binary, ...invocation.args), {
          label,
          cwd,
          env,
          redact: [prompt],
          stdin: invocation.stdin,
          check: false,
          stop: request.stop ?? defaultStop,
          maxLineBytes: request.maxLineBytes ?? defaultMaxLineBytes,
          tailBytes: stderrTail,
          onLines: { stdout: turn.stdout, stderr: turn.stderr }
        })
        yield* Effect.forkDaemon(turn.drive(child))
        return { turn: turn.handle(child), end: Effect.zipRight(turn.cancel(child), release) }
      }),
      ({ end }) => end
    ).pipe(Effect.map(({ turn }) => turn))
  })

class RunningTurn {
  private readonly account: Account
  private readonly backlog = new Backlog<TurnEvent>()
  private readonly outcome = Deferred.unsafeMake<Terminal>(FiberId.none)
  /** Completed with the first result. */
  private readonly ended = Effect.unsafeMakeLatch(false)
  /** What was asked for while it ran. */
  private isCancelled = false
  private timeout: Phase | undefined
  private isStuck = false

  constructor(private readonly request: TurnRequest, private readonly clock: Clock.Clock) {
    this.account = new Account(request.adapter.decoder(request), clock.unsafeCurrentTimeMillis())
  }

  readonly stdout: OnLines = (lines, info) => {
    const events = this.account.stdout(lines, info)
    if (this.account.result !== undefined) this.ended.unsafeOpen()
    return this.backlog.offer(events, lengthOf(lines))
  }

  readonly stderr: OnLines = (lines, info) => this.backlog.offer(this.account.stderr(lines, info), lengthOf(lines))

  handle(child: Child): Turn {
    const leave = Effect.suspend(() => {
      this.backlog.discard()
      return this.cancel(child)
    })
    return {
      turnId: this.request.turnId,
      pid: child.pid,
      events: Stream.ensuring(this.backlog.stream, leave),
      cancel: this.cancel(child),
      outcome: Deferred.await(this.outcome)
    }
  }

  /** Until all is over. It is nobody's child: who waits for it may be interrupted. */
  drive(child: Child): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      const watching = yield* Effect.fork(Effect.raceFirst(this.timedOut(child), this.stuck(child)))
      yield* Effect.fork(Effect.zipRight(child.exited, Effect.sync(() => this.backlog.widen())))
      const end = yield* Effect.either(child.gone)
      yield* Fiber.interruptFork(watching)
      const terminal = this.finish(end)
      yield* this.tell(terminal)
      yield* Deferred.succeed(this.outcome, terminal)
    }).pipe(Effect.withSpan(`${this.request.adapter.name} turn`, { attributes: { turnId: this.request.turnId, pid: child.pid } }))
  }

  /** Stops it where it still runs, and answers with how it ended. */
  cancel(child: Child): Effect.Effect<Terminal> {
    const stop = this.stopFor(child, () => {
      this.isCancelled = true
    })
    return Effect.zipRight(stop, Deferred.await(this.outcome))
  }

  private timedOut(child: Child): Effect.Effect<void> {
    const watched = () => ({ ...pick(this.account), isHeld: this.backlog.isHeld })
    return watch(this.request.timeouts ?? {}, this.clock, watched).pipe(
      // What has its result waits for nothing but the end of its process.
      Effect.raceFirst(Effect.zipRight(this.ended.await, Effect.never)),
      Effect.flatMap((phase) =>
        this.stopFor(child, () => {
          this.timeout = phase
        })
      )
    )
  }

  private stuck(child: Child): Effect.Effect<void> {
    const stop = this.stopFor(child, () => {
      this.isStuck = true
    })
    return this.ended.await.pipe(Effect.zipRight(Effect.sleep(this.request.afterResult ?? "30 seconds")), Effect.zipRight(stop))
  }

  /** What is asked for after the exit changes nothing. */
  private stopFor(child: Child, note: () => void): Effect.Effect<void> {
    return Effect.flatMap(child.isRunning, (isRunning) => {
      if (!isRunning) return Effect.void
      note()
      this.backlog.widen()
      return Effect.uninterruptible(Effect.ignore(child.stop()))
    })
  }

  private finish(end: Either.Either<ExitReport, SurvivorsError>): Terminal {
    const { account, backlog } = this
    const events = [...account.end(), ...(Either.isRight(end) ? this.noticesOf(end.right) : [this.survivors(end.left)])]
    const report = Either.getOrUndefined(end)
    const terminal = outcomeOf({
      isCancelled: this.isCancelled,
      timeout: this.timeout,
      isStuck: this.isStuck,
      stuckIs: this.request.stuckIs ?? "completed",
      status: Either.match(end, { onLeft: ({ status }) => status, onRight: ({ status }): ExitStatus | undefined => status }),
      isStopped: report === undefined || report.endedBy === "owner" || report.endedBy === "scope",
      result: account.result,
      sessionId: account.sessionId,
      incomplete: incompleteOf(account.truncatedLines, report),
      stderr: report?.stderr.tail ?? "",
      stderrBytes: report?.stderr.bytes ?? 0,
      durationMillis: this.clock.unsafeCurrentTimeMillis() - account.startedAt
    })
    backlog.end([...events, terminal])
    return terminal
  }

  private noticesOf({ drained, leftovers }: ExitReport): ReadonlyArray<TurnEvent> {
    const { account } = this
    const problem = lossOf(drained)
    return [
      ...(problem === undefined ? [] : [account.notice("lost", problem)]),
      ...(leftovers.length === 0 ? [] : [account.notice("leftovers", `ended with it: ${leftovers.map((each) => ProcessInfo.format(each)).join(", ")}`)])
    ]
  }

  private survivors(error: SurvivorsError): TurnEvent {
    return this.account.notice("survivors", error.message)
  }

  /** For who watches: the span of the turn has what it cost. */
  private tell(terminal: Terminal): Effect.Effect<void> {
    const { sessionId, usage } = this.account
    return Effect.annotateCurrentSpan({
      outcome: terminal._tag === "Failed" ? terminal.kind._tag : terminal._tag,
      sessionId,
      inputTokens: usage?.inputTokens,
      outputTokens: usage?.outputTokens,
      costUsd: usage?.costUsd
    })
  }
}

const pick = ({ hasSpoken, lastAt, startedAt }: Account) => ({ hasSpoken, lastAt, startedAt })

const lengthOf = (lines: ReadonlyArray<string>): number => lines.reduce((length, line) => length + line.length, 0)

/** A pipe that something else held open took nothing of what the agent wrote. */
const lossOf = (drained: Drained): string | undefined => {
  if (drained._tag === "Stalled") return `${drained.bytes} bytes were not read, because nobody took the events before them`
  if (drained._tag === "Cut") return `its output was held open by ${drained.holders.map((each) => ProcessInfo.format(each)).join(", ") || "a process that cannot be named"}`
  return undefined
}

const incompleteOf = (truncatedLines: number, report: ExitReport | undefined): string | undefined => {
  if (truncatedLines > 0) return `no result came, and ${truncatedLines} of its lines were longer than maxLineBytes`
  return report?.drained._tag === "Stalled" ? "no result came, and not all of its output was read" : undefined
}
