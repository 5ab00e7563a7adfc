/**
 * Children that are scripts: whatever a test makes them do, in virtual time.
 */
import type { KernelPipe, Launched, LaunchEvents, LaunchFailure, LaunchRequest, StreamName, WriteFailure } from "../../src/ChildDriver.js"
import * as ChildSpawner from "../../src/ChildSpawner.js"
import { Exited, type ExitStatus, Signaled } from "../../src/ExitStatus.js"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const encoder = new TextEncoder()

export class ScriptedChild {
  readonly signals: Array<string> = []
  readonly paused = new Set<StreamName>()
  readonly closed = new Set<StreamName>()
  private readonly ended = new Set<StreamName>()
  /** Group members beside the leader. */
  leftovers = 0
  /** What still lives is not its own any more. */
  hasLeft = false
  /** SIGKILL does nothing, as with a process in an uninterruptible wait. */
  immortal = false
  /** The command line of who holds its pipes. */
  holder = "holder"
  status: ExitStatus | undefined
  /** What was written to its stdin, as text. */
  input = ""
  isInputEnded = false
  /** Whether it takes what is written to it; if not, whoever writes waits. */
  isReading = true
  private waiting: (() => void) | undefined
  /** Called when it has taken something. */
  onInput: (text: string) => void = () => undefined
  /** What a signal does. SIGKILL always kills the leader and the leftovers. */
  onSignal: (signal: string) => void = (signal) => this.die(signal)

  constructor(
    readonly pid: number,
    readonly request: LaunchRequest,
    private readonly events: LaunchEvents
  ) {}

  /** Takes what waits, and all that comes from now on. */
  read(): void {
    this.isReading = true
    this.waiting?.()
  }

  private write(pieces: ReadonlyArray<Uint8Array>, done: (failure?: WriteFailure) => void): void {
    const take = () => {
      this.waiting = undefined
      const text = pieces.map((piece) => new TextDecoder().decode(piece)).join("")
      this.input += text
      done()
      this.onInput(text)
    }
    if (this.isReading) queueMicrotask(take)
    else this.waiting = take
  }

  out(text: string | Uint8Array, stream: StreamName = "stdout"): void {
    this.events.data(stream, typeof text === "string" ? encoder.encode(text) : text)
  }

  err(text: string): void {
    this.out(text, "stderr")
  }

  end(stream: StreamName): void {
    if (this.ended.has(stream)) return
    this.ended.add(stream)
    this.events.end(stream)
  }

  /** The leader ends, and its pipes stay open: something else holds them. */
  exitHolding(status: ExitStatus): void {
    if (this.status !== undefined) return
    this.status = status
    this.events.exited(status)
  }

  exit(code: number): void {
    this.exitHolding(Exited(code))
    this.end("stdout")
    this.end("stderr")
  }

  die(signal: string): void {
    this.exitHolding(Signaled(signal))
    this.end("stdout")
    this.end("stderr")
  }

  get launched(): Launched {
    return {
      pid: this.pid,
      containment: "group",
      pause: (stream) => void this.paused.add(stream),
      resume: (stream) => void this.paused.delete(stream),
      close: (stream) => {
        this.closed.add(stream)
        this.end(stream)
      },
      write: (_, pieces, done) => this.write(pieces, done),
      endInput: () => {
        this.isInputEnded = true
      },
      signal: (signal) => {
        this.signals.push(signal)
        if (signal === "SIGKILL" && !this.immortal) {
          this.leftovers = 0
          this.die(signal)
        } else if (signal !== "SIGCONT" && !this.immortal) this.onSignal(signal)
        return true
      },
      presence: () => this.status !== undefined && (this.hasLeft || this.leftovers === 0) ? "none" : "some",
      search: Effect.succeed(false),
      leave: () => {
        this.hasLeft = true
      },
      members: Effect.sync(() =>
        Array.from({ length: this.leftovers + (this.status === undefined ? 1 : 0) }, (_, index) => ({
          pid: this.pid + index,
          command: `member ${index}`,
          startedAt: undefined
        }))
      ),
      holders: () => Effect.succeed([{ pid: 4711, command: this.holder, startedAt: undefined }]),
      turn: Effect.yieldNow(),
      settle: Effect.yieldNow()
    }
  }
}

const handle = () => ({ _tag: "Handle", close: () => undefined }) as const

const makePipe = (): KernelPipe => {
  const end = handle()
  return { reader: end, writer: end }
}

export interface Scripted {
  readonly layer: Layer.Layer<ChildSpawner.ChildSpawner>
  /** All children so far, the last one last. */
  readonly children: Array<ScriptedChild>
  readonly last: ScriptedChild
}

/** A spawner whose children begin with this script, in the turn after their spawn. */
export const scripted = (
  script: (child: ScriptedChild) => void = () => undefined,
  refuse?: LaunchFailure
): Scripted => {
  const children: Array<ScriptedChild> = []
  const spawner = ChildSpawner.make({
    launch: (request, events) =>
      Effect.suspend(() => {
        if (refuse !== undefined) return Effect.fail(refuse)
        const child = new ScriptedChild(1000 + children.length * 10, request, events)
        children.push(child)
        queueMicrotask(() => script(child))
        return Effect.succeed(child.launched)
      }),
    pipes: (count) => Effect.sync(() => Array.from({ length: count }, makePipe)),
    files: (files) => Effect.sync(() => files.map(handle)),
    refusal: () => undefined
  })
  return {
    layer: Layer.succeed(ChildSpawner.ChildSpawner, spawner),
    children,
    get last() {
      const child = children.at(-1)
      if (child === undefined) throw new Error("no child was spawned")
      return child
    }
  }
}
