/**
 * A turn that has a process of its own, from its start to its terminal event.
 */
import * as Command from "@effect/platform/Command"
import type { Child } from "@tether/process/Child"
import { ChildSpawner } from "@tether/process/ChildSpawner"
import type { SpawnError } from "@tether/process/SpawnError"
import * as StopPlan from "@tether/process/StopPlan"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { Terminal } from "../TurnEvent.js"
import { defaultStop, leftoverStop, processOptions, secretsIn } from "./process.js"
import { Progress } from "./progress.js"
import { problemsOf, refusal } from "./refusals.js"
import type { Turn, TurnRequest } from "./request.js"

export const startTurn = (request: TurnRequest): Effect.Effect<Turn, SpawnError, ChildSpawner | Scope.Scope> =>
  Effect.gen(function* () {
    const { adapter, prompt, turnId } = request
    const binary = request.binary ?? adapter.binary
    const label = `${adapter.name} turn ${turnId}`
    const invocation = adapter.invocation(request)
    const problems = [...problemsOf(request, request), ...invocation.problems]
    if (problems.length > 0) return yield* Effect.fail(refusal("InvalidArgument", label, binary, request.cwd, problems))

    const spawner = yield* ChildSpawner
    const clock = yield* spawner.clock
    const progress = new Progress(request, clock)
    const running = yield* Effect.acquireRelease(
      Effect.gen(function* () {
        const { child, release } = yield* spawner.acquire(Command.make(binary, ...invocation.args), {
          ...processOptions(request, request.stop ?? leftoverStop),
          label,
          redact: secretsIn(prompt),
          stdin: invocation.stdin,
          onLines: {
            stdout: (lines, info) => progress.stdout(lines, info),
            stderr: (lines, info) => progress.stderr(lines, info)
          }
        })
        const running = new RunningTurn(request, progress, child, clock)
        // What is forked where nothing can be interrupted could not be either, and no race in it would end.
        yield* Effect.forkDaemon(Effect.interruptible(running.drive))
        return { running, release }
      }),
      ({ release, running }) => Effect.zipRight(running.cancel, release)
    )
    return running.running.handle
  })

class RunningTurn {
  constructor(
    private readonly request: TurnRequest,
    private readonly progress: Progress,
    private readonly child: Child,
    private readonly clock: Clock.Clock
  ) {}

  get handle(): Turn {
    const { cancel, child, kill, progress, request } = this
    return {
      turnId: request.turnId,
      pid: child.pid,
      events: progress.events(cancel),
      cancel,
      kill,
      outcome: progress.outcome
    }
  }

  /** Stops it where it still runs, and answers with how it ended. */
  readonly cancel: Effect.Effect<Terminal> = Effect.suspend(() => this.cancelBy())

  readonly kill: Effect.Effect<Terminal> = Effect.suspend(() => this.cancelBy(StopPlan.kill))

  private cancelBy(plan?: StopPlan.StopPlan): Effect.Effect<Terminal> {
    const note = () => {
      this.progress.isCancelled = true
    }
    return Effect.zipRight(this.stopFor(note, plan), this.progress.outcome)
  }

  /** Until all is over. It is nobody's child: who waits for it may be interrupted. */
  readonly drive: Effect.Effect<void> = Effect.suspend(() => {
    const { child, progress, request } = this
    return Effect.gen(this, function* () {
      const watching = yield* Effect.fork(Effect.raceFirst(this.timedOut, this.stuck))
      yield* Effect.fork(
        Effect.zipRight(
          child.exited,
          Effect.sync(() => progress.backlog.widen())
        )
      )
      const end = yield* Effect.either(child.gone)
      yield* Fiber.interruptFork(watching)
      yield* progress.finish(end)
    }).pipe(Effect.withSpan(`${request.adapter.name} turn`, { attributes: { turnId: request.turnId, pid: child.pid } }))
  })

  private readonly timedOut = Effect.suspend(() =>
    Effect.flatMap(this.progress.timedOut, (phase) =>
      this.stopFor(() => {
        this.progress.timeout = phase
      })
    )
  )

  private readonly stuck = Effect.suspend(() => {
    const stop = this.stopFor(() => {
      this.progress.isStuck = true
    })
    const grace = this.clock.sleep(Duration.decode(this.request.afterResult ?? "30 seconds"))
    return this.progress.ended.await.pipe(Effect.zipRight(grace), Effect.zipRight(stop))
  })

  /** What is asked for after the exit changes nothing. */
  private stopFor(note: () => void, plan?: StopPlan.StopPlan): Effect.Effect<void> {
    return Effect.flatMap(this.child.isRunning, (isRunning) => {
      if (!isRunning) return Effect.void
      note()
      this.progress.backlog.widen()
      return Effect.uninterruptible(Effect.ignore(this.child.stop(plan ?? this.request.stop ?? defaultStop)))
    })
  }
}
