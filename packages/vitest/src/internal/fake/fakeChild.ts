/**
 * A scripted child: its leader, and what the leader has left; what we see of it, and what a test sees.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import type { ProcessInfo } from "@tether/host/ProcessInfo"
import type {
  Launched,
  LaunchEvents,
  LaunchRequest,
  Presence,
  StreamName,
  WriteFailure
} from "@tether/process/ChildDriver"
import type { Containment } from "@tether/process/ExitReport"
import type { ExitStatus } from "@tether/process/ExitStatus"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type { Leave, Running, Step } from "../../Script.js"
import type { Happening, TestChild } from "../../TestChild.js"
import { Actor, type Surroundings } from "./actor.js"
import { Changes } from "./changes.js"
import type { Ends } from "./descriptors.js"
import { nothing } from "./ends.js"
import { recordUpTo } from "./record.js"

interface Setting {
  readonly request: LaunchRequest
  readonly events: LaunchEvents
  readonly runtime: Runtime.Runtime<never>
  readonly clock: Clock.Clock
  readonly nextPid: () => number
}

export class FakeChild implements TestChild {
  readonly history: Array<Happening> = []
  private readonly changes = new Changes()
  private readonly leader: Actor
  private readonly left: Array<Actor> = []
  private readonly found = new Set<Actor>()
  private hasLeft = false
  private readonly level: Containment
  private readonly received = recordUpTo(1024 * 1024)

  constructor(
    readonly script: Running,
    private readonly setting: Setting,
    private readonly ends: Ends
  ) {
    const { request } = setting
    this.level = request.containment ?? "tree"
    const command = [request.argv0 ?? request.program, ...request.args].join(" ")
    this.leader = new Actor(setting.nextPid(), command, false, undefined, ends.sinks, ends.source, this.surroundings)
    ends.onInput((descriptor, bytes) => {
      if (descriptor === 0) this.received.add(bytes)
      this.history.push({ _tag: "Input", descriptor, bytes, at: this.now })
    })
  }

  begin(): void {
    this.leader.live(this.script.steps)
  }

  // ---- what a test sees

  get pid(): number {
    return this.leader.pid
  }

  get request(): LaunchRequest {
    return this.setting.request
  }

  get status(): ExitStatus | undefined {
    return this.leader.status
  }

  get signals(): ReadonlyArray<Signal> {
    return this.history.flatMap((each) => (each._tag === "Signal" ? [each.signal] : []))
  }

  get input(): string {
    return this.received.text
  }

  get isInputEnded(): boolean {
    return this.history.some((each) => each._tag === "InputEnd" && each.descriptor === 0)
  }

  get isHeldBack(): boolean {
    return [...this.ends.outputs.values()].some((pipe) => pipe.isPaused)
  }

  get living(): ReadonlyArray<ProcessInfo> {
    return this.everyone.filter((each) => each.isAlive).map(infoOf)
  }

  readonly play = (...steps: ReadonlyArray<Step>): Effect.Effect<void> => this.leader.perform(steps)

  // ---- what we see

  get launched(): Launched {
    const pipe = (stream: StreamName) => this.ends.outputs.get(stream)
    return {
      pid: this.pid,
      cwd: this.request.cwd,
      containment: this.level,
      pause: (stream) => pipe(stream)?.pause(),
      resume: (stream) => pipe(stream)?.resume(),
      close: (stream) => pipe(stream)?.abandon(),
      write: (descriptor, pieces, done) => this.write(descriptor, pieces, done),
      endInput: (descriptor) => this.endInput(descriptor),
      signal: (signal) => this.signal(signal),
      presence: () => this.presence,
      search: Effect.sync(() => this.search()),
      suspects: Effect.succeed([]),
      members: Effect.sync(() => this.members.map(infoOf)),
      leave: () => {
        this.hasLeft = true
      },
      holders: (stream) => Effect.sync(() => this.holders(stream).map(infoOf)),
      turn: Effect.yieldNow(),
      settle: Effect.yieldNow()
    }
  }

  private get everyone(): ReadonlyArray<Actor> {
    return [this.leader, ...this.left]
  }

  private get members(): ReadonlyArray<Actor> {
    return this.everyone.filter((each) => each.isAlive && this.isKnown(each))
  }

  /** A group is not left without being told of; who escapes it is found by looking, if the level reaches that far. */
  private isKnown(actor: Actor): boolean {
    if (actor === this.leader || this.level === "cgroup") return true
    return this.level !== "none" && (!actor.escapes || this.found.has(actor))
  }

  private get presence(): Presence {
    if (this.leader.isAlive) return "some"
    if (this.hasLeft) return "none"
    if (this.members.length > 0) return "some"
    return this.level === "tree" && this.left.some((each) => each.isAlive) ? "unproven" : "none"
  }

  private search(): boolean {
    if (this.level !== "tree") return false
    const escaped = this.left.filter((each) => each.isAlive && !this.isKnown(each))
    for (const each of escaped) this.found.add(each)
    return escaped.length > 0
  }

  private holders(stream: StreamName): ReadonlyArray<Actor> {
    const holders = this.everyone.filter((each) => each.isAlive && each.sinks.has(stream))
    if (this.level === "tree") for (const each of holders) this.found.add(each)
    return holders
  }

  private signal(signal: Signal): boolean {
    const { members } = this
    if (this.hasLeft || members.length === 0) return false
    this.history.push({ _tag: "Signal", signal, at: this.now })
    for (const member of members) member.receive(signal)
    return true
  }

  private write(descriptor: number, pieces: ReadonlyArray<Uint8Array>, done: (failure?: WriteFailure) => void): void {
    const input = this.ends.inputs.get(descriptor)
    const gone: WriteFailure = { isReaderGone: true, code: "EPIPE" }
    if (input === undefined) return done(gone)
    this.fork(
      Effect.yieldNow().pipe(
        Effect.zipRight(
          Effect.reduce(pieces, true, (isOpen, piece) => (isOpen ? input.write(piece) : Effect.succeed(false)))
        ),
        Effect.map((isOpen) => (isOpen ? done() : done(gone)))
      )
    )
  }

  private endInput(descriptor: number): void {
    const input = this.ends.inputs.get(descriptor)
    if (input === undefined) return
    this.ends.inputs.delete(descriptor)
    // Of one that has ended it is closed too, and that is nothing that was sent to it.
    if (this.leader.isAlive) this.history.push({ _tag: "InputEnd", descriptor, at: this.now })
    input.release()
  }

  private readonly fork = (effect: Effect.Effect<void>): void =>
    void Runtime.runFork(this.setting.runtime)(Effect.interruptible(effect))

  private get surroundings(): Surroundings {
    return {
      changes: this.changes,
      fork: this.fork,
      leave: (parent, step) => this.leave(parent, step),
      onEnd: (actor, status) => {
        if (actor === this.leader) this.setting.events.exited(status)
      }
    }
  }

  private leave(parent: Actor, { escapes, holds, steps }: Leave): void {
    const sinks = this.ends.share(parent.sinks, holds)
    const command = `left by ${this.leader.command}`
    const actor = new Actor(
      this.setting.nextPid(),
      command,
      escapes || parent.escapes,
      parent,
      sinks,
      nothing,
      this.surroundings
    )
    this.left.push(actor)
    actor.live(steps)
  }

  private get now(): number {
    return this.setting.clock.unsafeCurrentTimeMillis()
  }
}

const infoOf = ({ command, pid }: Actor): ProcessInfo => ({ pid, command, startedAt: undefined })
