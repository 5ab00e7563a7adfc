/**
 * A child as a `Process` of `@effect/platform`.
 */
import type * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as ActiveTime from "@tether/host/ActiveTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { Child } from "../Child.js"
import type { StreamName } from "../ChildDriver.js"
import type { InputError } from "../InputError.js"
import { isSignal } from "../Signals.js"
import * as StopPlan from "../StopPlan.js"
import { hasLostInput, lastStageOf, waitsOf } from "./pipeline.js"
import * as Failure from "./platformError.js"
import { Reservoir } from "./reservoir.js"
import { formatDuration } from "./text.js"

/** How long a killed process may take, as in the default stop plan. */
const killWait = Duration.seconds(5)

/** The signals that nobody sends but to end a process. Any other may be a message that it lives on after. */
const endings: ReadonlySet<CommandExecutor.Signal> = new Set(["SIGTERM", "SIGINT", "SIGQUIT", "SIGABRT", "SIGKILL"])

/** Which of the process's streams are ours, and what they go through. */
export interface Pipes {
  /** `"stream"`: written by us, and nobody else. */
  readonly stdin: "pipe" | "stream" | "inherit"
  readonly stdout: Command.Command.Output
  readonly stderr: Command.Command.Output
}

export class CommandProcess extends Inspectable.Class implements CommandExecutor.Process {
  /** The signal of each kill that is under way. */
  private readonly killing: Array<CommandExecutor.Signal> = []
  readonly [CommandExecutor.ProcessTypeId]: CommandExecutor.ProcessTypeId = CommandExecutor.ProcessTypeId
  readonly pid: CommandExecutor.ProcessId
  readonly stdin: CommandExecutor.Process["stdin"]
  readonly stdout: Stream.Stream<Uint8Array, PlatformError>
  readonly stderr: Stream.Stream<Uint8Array, PlatformError>
  readonly exitCode: Effect.Effect<CommandExecutor.ExitCode, PlatformError>
  readonly isRunning: Effect.Effect<boolean>
  private readonly last: Child
  private readonly isFedByUs: boolean
  private readonly reservoirs = new Map<StreamName, Reservoir<PlatformError>>()
  /** How many wait for the end. */
  private awaiting = 0
  private hasExited = false

  constructor(
    private readonly child: Child,
    /** The command line, as Effect's own executor names a process in its failures. */
    private readonly line: () => string,
    pipes: Pipes
  ) {
    super()
    this.pid = CommandExecutor.ProcessId(child.pid)
    this.stdin = this.sinkOf(pipes.stdin)
    this.isFedByUs = pipes.stdin === "stream"
    this.stdout = this.output("stdout", pipes.stdout)
    this.stderr = this.output("stderr", pipes.stderr)
    this.last = lastStageOf(child)
    this.isRunning = this.last.isRunning
    this.exitCode = this.untilEnd(
      Effect.flatMap(this.last.exited, (status) => {
        if (hasLostInput(child)) return this.lostInput
        if (status._tag === "Exited") return Effect.succeed(CommandExecutor.ExitCode(status.code))
        return this.fail("exitCode", `Process interrupted due to receipt of signal: ${status.signal}`)
      })
    )
  }

  private readonly unlessLostInput: Stream.Stream<never, PlatformError> = Stream.suspend(() =>
    hasLostInput(this.child) ? Stream.fromEffect(this.lostInput) : Stream.empty
  )

  private sinkOf(stdin: Pipes["stdin"]): CommandExecutor.Process["stdin"] {
    if (stdin === "inherit") return Sink.drain
    if (stdin === "stream")
      return Sink.failSync(() => Failure.ofProcess(this.line(), "stdin", "Unknown", "its stdin is a Stream already"))
    return Sink.mapError(this.child.stdin.sink as Sink.Sink<void, unknown, never, InputError>, Failure.notWritten)
  }

  private get lostInput(): Effect.Effect<never, PlatformError> {
    return Effect.matchEffect(this.child.report, {
      onSuccess: () => Effect.dieMessage("it lost its input, and ended well"),
      onFailure: (error) => Effect.fail(Failure.lostInput(this.line(), error))
    })
  }

  override toJSON(): unknown {
    return { _id: "@effect/platform/CommandExecutor/Process", pid: this.pid }
  }

  /** Moves what comes into the reservoirs. Ends by itself, once the child's output has. */
  get pumps(): ReadonlyArray<Effect.Effect<void>> {
    const pumps = [...this.reservoirs].map(([stream, reservoir]) =>
      Effect.ensuring(
        Stream.runForEach(this.child.bytes(stream), (chunk) => reservoir.offer(chunk)),
        Effect.sync(() => reservoir.end())
      )
    )
    return pumps.length === 0 ? [] : [...pumps, this.noteExit]
  }

  /** The scope closes: nothing that nobody reads may hold the child back from now on. */
  letGo(): void {
    this.awaiting++
    this.ease()
  }

  readonly kill = (signal: CommandExecutor.Signal = "SIGTERM"): Effect.Effect<void, PlatformError> =>
    !isSignal(signal)
      ? Effect.fail(Failure.noSignal(signal))
      : this.untilEnd(
          Effect.flatMap(this.child.isRunning, (isRunning) =>
            isRunning && endings.has(signal) ? this.end(signal) : this.send(signal, isRunning)
          )
        )

  private end(signal: CommandExecutor.Signal): Effect.Effect<void, PlatformError> {
    const plan = signal === "SIGKILL" ? StopPlan.kill : StopPlan.make(StopPlan.signal(signal, killWait))
    // Every kill sends its signal: an equal plan that is under way has sent its own.
    const again = this.killing.includes(signal) ? this.child.signal(signal) : Effect.void
    this.killing.push(signal)
    return Effect.zipRight(again, this.child.stop(plan)).pipe(
      Effect.ensuring(Effect.sync(() => this.killing.splice(this.killing.indexOf(signal), 1))),
      Effect.catchTag("SurvivorsError", (error) =>
        Effect.fail(Failure.ofProcess(this.line(), "kill", "TimedOut", error.message, error))
      )
    )
  }

  private send(signal: CommandExecutor.Signal, isRunning: boolean): Effect.Effect<void, PlatformError> {
    return Effect.flatMap(this.child.signal(signal), (isSent) => {
      if (!isSent) return this.fail("kill", `Failed to kill process: nothing of it is left to take ${signal}`)
      if (!isRunning) return Effect.void
      return Effect.flatMap(ActiveTime.within(waitsOf(this.child), killWait, this.child.exited), (hasEnded) => {
        const message = `it was sent ${signal} and lives on after ${formatDuration(killWait)}`
        return hasEnded ? Effect.void : Effect.fail(Failure.ofProcess(this.line(), "kill", "TimedOut", message))
      })
    })
  }

  private fail(method: string, description: string): Effect.Effect<never, PlatformError> {
    return Effect.fail(Failure.ofProcess(this.line(), method, "Unknown", description))
  }

  /** While somebody waits for the end, output that nobody reads must not put it off. */
  private untilEnd<A>(effect: Effect.Effect<A, PlatformError>): Effect.Effect<A, PlatformError> {
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        this.awaiting++
        this.ease()
      }),
      () => effect,
      () =>
        Effect.sync(() => {
          this.awaiting--
        })
    )
  }

  private readonly noteExit: Effect.Effect<void> = Effect.suspend(() =>
    Effect.map(this.last.exited, () => {
      this.hasExited = true
      this.ease()
    })
  )

  private ease(): void {
    for (const reservoir of this.reservoirs.values()) reservoir.ease()
  }

  private output(
    stream: "stdout" | "stderr",
    output: Command.Command.Output
  ): Stream.Stream<Uint8Array, PlatformError> {
    if (output === "inherit") return Stream.empty
    const held = this.reservoir(stream, stream === "stderr").stream
    // What is there of the output looks whole, and is not, if it was made from half of an input.
    const bytes = this.isFedByUs && stream === "stdout" ? Stream.concat(held, this.unlessLostInput) : held
    // As Effect's has it: what the sink makes of the stream, again and again, is the stream.
    return typeof output === "string" ? bytes : Stream.transduce(bytes, output)
  }

  private reservoir(stream: StreamName, alwaysFlows: boolean): Reservoir<PlatformError> {
    const reservoir = new Reservoir(
      alwaysFlows,
      { isEndAwaited: () => this.awaiting > 0, hasExited: () => this.hasExited },
      (bytes) => Failure.lostBytes(this.line(), stream, bytes)
    )
    this.reservoirs.set(stream, reservoir)
    return reservoir
  }
}
