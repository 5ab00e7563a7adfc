/**
 * One process of a scripted child: does its steps, reacts to signals, ends.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import { descriptorOf, streamAt, type StreamName } from "@tether/process/ChildDriver"
import { Exited, type ExitStatus, Signaled } from "@tether/process/ExitStatus"
import * as Effect from "effect/Effect"
import type { Leave, Read, Step } from "../../Script.js"
import { bytesOf } from "../cuts.js"
import type { Changes } from "./changes.js"
import { nothing, type Sink, type Source } from "./ends.js"

export interface Surroundings {
  /** Of the whole child: whatever happens to one of its processes may be what another one waits for. */
  readonly changes: Changes
  readonly fork: (effect: Effect.Effect<void>) => void
  readonly leave: (parent: Actor, step: Leave) => void
  readonly onEnd: (actor: Actor, status: ExitStatus) => void
}

// Fibers that only ever give way to each other never let the timer of a test that takes too long come to its turn.
const roundsATurn = 500

const turn = Effect.async<void>((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

/** What a process does that has said nothing about them. */
const harmless: ReadonlySet<string> = new Set(["SIGCHLD", "SIGURG", "SIGWINCH", "SIGCONT"])
// A session of its own has no terminal, and of such a group the system stops nobody for these.
const ofTerminals: ReadonlySet<string> = new Set(["SIGTSTP", "SIGTTIN", "SIGTTOU"])

const newline = 10

const isDeadly = (signal: Signal): boolean => !harmless.has(signal) && !ofTerminals.has(signal)

export class Actor {
  status: ExitStatus | undefined
  isFrozen = false
  private isStopped = false
  /** One of each: the system keeps no count. */
  private readonly held = new Set<Signal>()
  private readonly reactions = new Map<Signal, Reaction>()
  private unread = Buffer.alloc(0)

  constructor(
    readonly pid: number,
    readonly command: string,
    readonly escapes: boolean,
    private readonly parent: Actor | undefined,
    readonly sinks: Map<StreamName, Sink>,
    private source: Source,
    private readonly surroundings: Surroundings
  ) {}

  get isAlive(): boolean {
    return this.status === undefined
  }

  /** Its whole life, from the turn after its start. */
  live(steps: ReadonlyArray<Step>): void {
    this.surroundings.fork(Effect.yieldNow().pipe(Effect.zipRight(this.perform(steps)), Effect.zipRight(this.exit(0))))
  }

  perform(steps: ReadonlyArray<Step>): Effect.Effect<void> {
    return Effect.forEach(steps, (step) => this.whileAlive(() => this.step(step)), { discard: true })
  }

  receive(signal: Signal): void {
    if (!this.isAlive || this.isFrozen) return
    if (signal === "SIGKILL") this.end(Signaled(signal))
    else if (signal === "SIGSTOP") this.isStopped = true
    else if (signal === "SIGCONT") this.wake()
    // It is told when it goes on.
    else if (this.isStopped) this.held.add(signal)
    else this.react(signal)
  }

  private wake(): void {
    this.isStopped = false
    const held = [...this.held]
    this.held.clear()
    for (const signal of held) this.receive(signal)
    this.react("SIGCONT")
    this.surroundings.changes.notify()
  }

  private react(signal: Signal): void {
    const reaction = this.reactions.get(signal)
    if (reaction !== undefined) reaction.come()
    else if (isDeadly(signal)) this.end(Signaled(signal))
  }

  private whileAlive(next: () => Effect.Effect<void>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.isRunning) return next()
      return Effect.zipRight(
        this.surroundings.changes.until(() => !this.isAlive || this.isRunning),
        Effect.suspend(() => (this.isAlive ? next() : Effect.void))
      )
    })
  }

  private get isRunning(): boolean {
    return this.isAlive && !this.isStopped && !this.isFrozen
  }

  private step(step: Step): Effect.Effect<void> {
    switch (step._tag) {
      case "Write":
        return Effect.forEach(step.chunks, (chunk) => this.write(step.stream, bytesOf(chunk)), { discard: true })
      case "Wait":
        return this.orDeath(step.millis === undefined ? Effect.never : Effect.sleep(step.millis))
      case "Read":
        return this.orDeath(this.read(step))
      case "Echo":
        return this.orDeath(this.echo)
      case "React":
        return Effect.sync(() => this.reactTo(step.signal, step.steps))
      case "Leave":
        return Effect.sync(() => this.surroundings.leave(this, step))
      case "Close":
        return Effect.sync(() => this.close(step.stream))
      case "Exit":
        return this.exit(step.code)
      case "Die":
        return this.dieOf(step.signal)
      case "Freeze":
        return Effect.sync(() => {
          this.isFrozen = true
        })
      case "Repeat":
        return this.repeat(step.steps, step.times ?? Number.POSITIVE_INFINITY)
    }
  }

  private repeat(steps: ReadonlyArray<Step>, times: number, round = 1): Effect.Effect<void> {
    if (round > times) return Effect.void
    return this.perform(steps).pipe(
      Effect.zipRight(round % roundsATurn === 0 ? turn : Effect.yieldNow()),
      Effect.zipRight(Effect.suspend(() => (this.isAlive ? this.repeat(steps, times, round + 1) : Effect.void)))
    )
  }

  /** Nothing is written at a descriptor that is closed; a program would be told so by EBADF, and most do not look. */
  private write(stream: StreamName, bytes: Uint8Array): Effect.Effect<void> {
    return this.whileAlive(() => {
      // Named by its number, it may be one of the first three.
      const sink = this.sinks.get(streamAt(descriptorOf(stream)))
      if (sink === undefined || bytes.length === 0 || sink.writeNow(bytes)) return Effect.void
      return this.orDeath(
        Effect.flatMap(sink.write(bytes), (isOpen) =>
          isOpen ? Effect.void : this.whileAlive(() => this.raise("SIGPIPE"))
        )
      )
    })
  }

  /** The next bytes of stdin. Nothing is read by whoever is stopped. */
  private readonly take: Effect.Effect<Uint8Array | undefined> = Effect.suspend(() =>
    Effect.zipRight(
      this.surroundings.changes.until(() => !this.isAlive || this.isRunning),
      Effect.suspend(() => this.source.take)
    )
  )

  private readonly echo: Effect.Effect<void> = Effect.suspend(() => {
    const unread = this.unread
    this.unread = Buffer.alloc(0)
    const copy: Effect.Effect<void> = Effect.flatMap(this.take, (bytes) =>
      bytes === undefined
        ? Effect.void
        : Effect.zipRight(
            this.write("stdout", bytes),
            Effect.suspend(() => (this.isAlive ? copy : Effect.void))
          )
    )
    return Effect.zipRight(this.write("stdout", unread), copy)
  })

  private read(step: Read): Effect.Effect<void> {
    return Effect.suspend(() => {
      const end = step.until === "line" ? this.unread.indexOf(newline) : -1
      if (end >= 0) {
        const found = this.unread.subarray(0, end).toString("utf8")
        this.unread = this.unread.subarray(end + 1)
        return step.line === undefined || step.line === found ? Effect.void : this.read(step)
      }
      return Effect.flatMap(this.take, (bytes) => {
        // At the end, a last line without a newline is a line, and has been read.
        this.unread =
          bytes === undefined || step.until === "end" ? Buffer.alloc(0) : Buffer.concat([this.unread, bytes])
        return bytes === undefined ? Effect.void : this.read(step)
      })
    })
  }

  private reactTo(signal: Signal, steps: ReadonlyArray<Step>): void {
    this.reactions.set(signal, new Reaction(this.perform(steps), this.surroundings.fork))
  }

  private close(stream: StreamName | "stdin"): void {
    if (stream === "stdin") {
      this.source.release()
      this.source = nothing
    } else {
      const name = streamAt(descriptorOf(stream))
      this.sinks.get(name)?.release()
      this.sinks.delete(name)
    }
  }

  private exit(code: number): Effect.Effect<void> {
    return this.whileAlive(() => Effect.sync(() => this.end(Exited(code))))
  }

  private dieOf(signal: Signal): Effect.Effect<void> {
    if (signal === "SIGSTOP")
      return Effect.zipRight(
        this.raise(signal),
        this.whileAlive(() => Effect.void)
      )
    return Effect.sync(() => (isDeadly(signal) ? this.end(Signaled(signal)) : undefined))
  }

  private raise(signal: Signal): Effect.Effect<void> {
    return Effect.sync(() => this.receive(signal))
  }

  private orDeath(effect: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.raceFirst(
      effect,
      this.surroundings.changes.until(() => !this.isAlive)
    )
  }

  private end(status: ExitStatus): void {
    if (!this.isAlive || this.isFrozen) return
    this.status = status
    // The status first: whoever takes it for the end of the output is found out.
    this.surroundings.onEnd(this, status)
    this.parent?.receive("SIGCHLD")
    for (const sink of this.sinks.values()) sink.release()
    this.source.release()
    this.surroundings.changes.notify()
  }
}

/** One signal's, one after the other. */
class Reaction {
  private coming = 0

  constructor(
    private readonly steps: Effect.Effect<void>,
    private readonly fork: (effect: Effect.Effect<void>) => void
  ) {}

  come(): void {
    if (++this.coming === 1) this.fork(this.handle)
  }

  private readonly handle: Effect.Effect<void> = Effect.suspend(() =>
    Effect.zipRight(
      this.steps,
      Effect.suspend(() => (--this.coming > 0 ? this.handle : Effect.void))
    )
  )
}
