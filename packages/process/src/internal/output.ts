/**
 * The output of one process: its drains, of which there is one for each captured stream, and its readers, which may
 * read other processes' too.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { descriptorOf, type Launched, type StreamName } from "../ChildDriver.js"
import type { StreamReport } from "../ExitReport.js"
import { ByteDrain, bytesOf } from "./byteDrain.js"
import { Drain } from "./drain.js"
import type { Hub } from "./hub.js"
import type { Intake } from "./intake.js"
import { complain } from "./observability.js"
import type { BytesPlan, Plan, StreamPlan } from "./plan.js"
import { annotationsOf } from "./relayLines.js"
import { clip } from "./text.js"

const standardStreams: ReadonlyArray<StreamName> = ["stdout", "stderr"]
const notCaptured: StreamReport = { bytes: 0, lines: 0, truncatedLines: 0, truncatedBytes: 0, drained: "Eof", tail: "" }
/** A turn reads more than a pipe holds. */
const mostTurns = 8
const noneAbove: Readonly<Record<number, StreamReport>> = {}

/** What the output asks of its child. */
export interface Owner {
  /** The running process. Not asked before the first byte has come. */
  readonly launched: () => Launched
  /** By which waits about it are measured. */
  readonly clock: Clock.Clock
  readonly fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
  readonly onDrained: () => void
}

export class Output {
  private readonly byStream: ReadonlyMap<StreamName, Intake>
  readonly drains: ReadonlyArray<Intake>

  constructor(
    private readonly plan: Plan,
    private readonly hub: Hub,
    private readonly owner: Owner
  ) {
    this.byStream = new Map(
      [...plan.streams].map(([stream, streamPlan]) => [stream, this.makeDrain(stream, streamPlan)])
    )
    this.drains = [...this.byStream.values()]
  }

  /** The child runs. */
  begin(): void {
    for (const [stream, streamPlan] of this.plan.streams) {
      if (streamPlan.as === "bytes" && streamPlan.sink !== undefined) this.pour(stream, streamPlan.sink)
    }
  }

  push(stream: StreamName, chunk: Uint8Array): void {
    this.byStream.get(stream)?.push(chunk)
  }

  end(stream: StreamName): void {
    this.byStream.get(stream)?.end()
  }

  get isDrained(): boolean {
    return this.drains.every((drain) => drain.isDone)
  }

  /** The child's scope closes. */
  letGo(): void {
    for (const drain of this.drains) drain.letGo()
  }

  /** Why a consumer given as an option was given up. */
  get defect(): Cause.Cause<never> | undefined {
    return this.drains.find((drain) => drain.defect !== undefined)?.defect
  }

  /**
   * What a process wrote right before its end is in the pipe when its end is known, and not always read by then. It
   * waits for nothing but that: a pipe that somebody else holds is quiet after two turns, or brings what is not the
   * leader's.
   */
  lastWords(stream: StreamName, turn: Effect.Effect<void>): Effect.Effect<void> {
    const drain = this.byStream.get(stream)
    if (drain === undefined) return Effect.void
    return Effect.gen(function* () {
      let quiet = 0
      for (let turns = 0; turns < mostTurns && quiet < 2 && !drain.isEnded; turns++) {
        const { received } = drain
        yield* turn
        quiet = drain.received === received ? quiet + 1 : 0
      }
    })
  }

  tail(stream: StreamName): string {
    return this.byStream.get(stream)?.tailText() ?? ""
  }

  report(stream: StreamName): StreamReport {
    return this.byStream.get(stream)?.report() ?? notCaptured
  }

  /** The reports of the streams above the standard ones. */
  get others(): Readonly<Record<number, StreamReport>> {
    const others = [...this.byStream].filter(([stream]) => !standardStreams.includes(stream))
    if (others.length === 0) return noneAbove
    return Object.fromEntries(others.map(([stream, drain]) => [descriptorOf(stream), drain.report()]))
  }

  /** What is read of a stream as bytes, or why it is not. */
  byteDrain(stream: StreamName): ByteDrain | Error {
    const drain = this.byStream.get(stream)
    const plan = this.plan.streams.get(stream)
    if (drain instanceof ByteDrain && plan?.as === "bytes" && plan.sink === undefined) return drain
    const is = plan?.as === "lines" ? `"lines"` : plan?.as === "bytes" ? "read by a sink" : "not read here"
    return new Error(`cannot read the bytes of "${clip(this.plan.label)}": needs ${stream}: "bytes", and it is ${is}`)
  }

  private makeDrain(stream: StreamName, streamPlan: StreamPlan): Intake {
    const { owner, plan } = this
    const pipe = {
      pause: () => owner.launched().pause(stream),
      resume: () => owner.launched().resume(stream)
    }
    const onDone = () => {
      if (this.isDrained) owner.onDrained()
    }
    if (streamPlan.as === "bytes") return new ByteDrain(stream, plan, pipe, onDone)
    return new Drain(stream, plan, streamPlan, this.hub, {
      ...pipe,
      onDone,
      clock: owner.clock,
      fork: (effect) =>
        owner.fork(
          streamPlan.relay === undefined
            ? effect
            : Effect.annotateLogs(effect, annotationsOf(plan.label, owner.launched().pid, stream))
        )
    })
  }

  /** Everything goes into the sink, or past it once the sink is done. */
  private pour(stream: StreamName, sink: Exclude<BytesPlan["sink"], undefined>): void {
    const drain = this.byStream.get(stream) as ByteDrain
    const bytes = bytesOf([drain])
    const poured = Effect.catchAllCause(Stream.run(bytes, sink), (cause) => {
      if (Cause.isInterruptedOnly(cause)) return Effect.void
      drain.defect = cause
      return complain(`the sink of "${clip(this.plan.label)}" failed on ${stream} and gets no more`, cause)
    })
    this.owner.fork(Effect.zipRight(poured, Stream.runDrain(bytes)))
  }
}
