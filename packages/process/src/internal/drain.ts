/**
 * The reading of one stream of a child as lines. One fiber takes the chunks that wait, one a step, frames them, and
 * hands the lines to the relay, to `onLines` and to the readers.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { StreamName } from "../ChildDriver.js"
import * as ChildMetrics from "../ChildMetrics.js"
import type { LinesInfo, OnLines } from "../ChildOptions.js"
import type { StreamReport } from "../ExitReport.js"
import { Framer, type LineChunk } from "./framer.js"
import type { Hub, HubSource, Placed } from "./hub.js"
import { Intake, metricOf, type Pipe } from "./intake.js"
import { complain } from "./observability.js"
import type { LinesPlan, Plan } from "./plan.js"
import { Portion } from "./portion.js"
import { makeRelay, type RelayChunk } from "./relayLines.js"
import { isPlain } from "./scan.js"
import { Wakeup } from "./wakeup.js"

/** What a drain asks of its surroundings. */
export interface Surroundings extends Pipe {
  readonly fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
  readonly onDone: () => void
  readonly clock: Clock.Clock
}

export class Drain extends Intake {
  /** Bytes of lines that are with `onLines` and have not been taken. */
  private offered = 0
  private readonly arrived = new Wakeup()
  private readonly framer: Framer
  private readonly portion: Portion
  private readonly relay: RelayChunk | undefined
  /** Whether what waits for the end of its line is plain text. */
  private isCarryPlain = true
  private onLines: OnLines | undefined
  private readonly source: HubSource
  private fiber: Fiber.RuntimeFiber<void> | undefined
  private lines = 0
  private truncatedLines = 0
  private truncatedBytes = 0
  private steps = 0
  /** The fiber waits for chunks, and there is none before it. */
  private isParked = false
  /** What the fiber has to wait for on behalf of a chunk that it did not take itself. */
  private unfinished: Effect.Effect<void> | undefined
  /** Why `onLines` was given up. */
  defect: Cause.Cause<never> | undefined

  constructor(
    stream: StreamName,
    plan: Plan,
    streamPlan: LinesPlan,
    private readonly hub: Hub,
    private readonly surroundings: Surroundings
  ) {
    super(stream, plan, surroundings)
    this.framer = new Framer(plan.maxLineBytes, plan.carriageReturn)
    this.onLines = streamPlan.onLines
    this.source = { stream, label: plan.label }
    hub.add(this.source)
    this.portion = new Portion(Duration.toMillis(plan.deliverGrace))
    this.relay =
      streamPlan.relay &&
      makeRelay({
        label: plan.label,
        stream,
        redactor: plan.redactor,
        ...streamPlan.relay
      })
  }

  get framed(): number {
    return this.lines
  }

  get progress(): number {
    return this.steps + this.hub.taken
  }

  get hasUndelivered(): boolean {
    return this.queued > 0 || this.offered > 0 || !this.hub.isDelivered(this.source)
  }

  push(chunk: Uint8Array): void {
    if (this.isEnded) return
    this.note(chunk)
    if (this.isParked && this.fiber !== undefined) {
      // The fiber has nothing else to do: the chunk need not wait for its turn, only for what has to be awaited.
      const rest = this.take(this.fiber, chunk)
      if (rest === Effect.void) return
      this.isParked = false
      this.unfinished = rest
      this.arrived.notify()
      return
    }
    this.enqueue(chunk)
    this.advance()
  }

  end(): void {
    if (this.isEnded) return
    this.isEnded = true
    this.advance()
  }

  abandon(): void {
    if (this.isDone) return
    this.stalled(this.queued + this.offered + this.framer.partialBytes + this.hub.undelivered(this.source))
    this.finished()
    // Not awaited: what the consumer does may be uninterruptible, and nobody waits for it any more.
    this.fiber?.unsafeInterruptAsFork(this.fiber.id())
  }

  // Lines that nobody reads are dropped as they come.
  letGo(): void {}

  report(): StreamReport {
    return {
      bytes: this.received,
      lines: this.lines,
      truncatedLines: this.truncatedLines,
      truncatedBytes: this.truncatedBytes,
      drained: this.drained,
      tail: this.tailText()
    }
  }

  private advance(): void {
    if (this.fiber !== undefined) this.arrived.notify()
    // A stream that never said anything, and that nobody reads, needs no fiber to end.
    else if (this.isEnded && !this.hasQueued) {
      this.hub.end(this.source)
      if (this.hub.isDelivered(this.source)) this.finished()
      else this.fiber = this.surroundings.fork(this.join())
    } else this.fiber = this.surroundings.fork(this.run())
  }

  private finished(): void {
    this.hub.end(this.source)
    this.isDone = true
    this.forgetQueued()
    this.surroundings.onDone()
  }

  /** Whether the fiber has delivered all that came. */
  private isExhausted = false

  /** Waits until the readers have taken what was handed to them. */
  private join(): Effect.Effect<void> {
    return Effect.map(
      this.hub.changed.until(() => this.isDone || this.hub.isDelivered(this.source)),
      () => {
        if (!this.isDone) this.finished()
      }
    )
  }

  // Made when the first chunk comes, and not with the drain: many a child says nothing.
  private run(): Effect.Effect<void> {
    const step = Effect.withFiberRuntime<void>((fiber) => this.step(fiber))
    return Effect.whileLoop({ while: () => !this.isExhausted, body: () => step, step: () => undefined }).pipe(
      Effect.zipRight(
        Effect.suspend(() => {
          this.hub.end(this.source)
          return this.join()
        })
      )
    )
  }

  private step(fiber: Fiber.RuntimeFiber<void>): Effect.Effect<void> {
    this.isParked = false
    const { unfinished } = this
    if (unfinished !== undefined) {
      this.unfinished = undefined
      return unfinished
    }
    const chunk = this.dequeue()
    if (chunk === undefined) {
      if (!this.isEnded) return this.waitForMore()
      this.isExhausted = true
      const rest = this.framer.flush()
      return rest === undefined ? Effect.void : this.deliver(fiber, rest, this.isCarryPlain)
    }
    return this.take(fiber, chunk)
  }

  /** Frames a chunk and hands its lines over. `Effect.void` says that nothing of it has to be waited for. */
  private take(fiber: Fiber.RuntimeFiber<void>, chunk: Uint8Array): Effect.Effect<void> {
    this.steps++
    const isChunkPlain = this.relay !== undefined && isPlain(chunk)
    const lines = this.framer.push(chunk)
    const areLinesPlain = isChunkPlain && this.isCarryPlain
    this.isCarryPlain = lines === undefined ? areLinesPlain : isChunkPlain
    return lines === undefined ? Effect.void : this.deliver(fiber, lines, areLinesPlain)
  }

  private readonly hasMore = (): boolean => this.hasQueued || this.isEnded || this.unfinished !== undefined

  private waitForMore(): Effect.Effect<void> {
    const more = this.arrived.until(this.hasMore)
    const silence = this.plan.flushPartialAfter
    if (silence === undefined) {
      this.isParked = true
      return more
    }
    if (!this.framer.hasPartial) return more
    return Effect.flatMap(ActiveTime.within(this.surroundings.clock, silence, more), () =>
      this.hasMore()
        ? Effect.void
        : Effect.withFiberRuntime<void>((fiber) => {
            const partial = this.plan.redactor.endsInside(this.framer.partialText())
              ? undefined
              : this.framer.flushWhole()
            return partial === undefined ? Effect.void : this.deliver(fiber, partial, this.isCarryPlain)
          })
    )
  }

  private deliver(fiber: Fiber.RuntimeFiber<void>, chunk: LineChunk, arePlain: boolean): Effect.Effect<void> {
    this.lines += chunk.texts.length
    ChildMetrics.lines[metricOf(this.stream)].unsafeUpdate(chunk.texts.length, [])
    if (chunk.truncated !== undefined) this.countTruncated(chunk.truncated)
    this.relay?.(fiber, chunk, arePlain)
    const placed = this.hub.publish(this.source, chunk)
    const handed = this.onLines === undefined ? undefined : this.handOver(placed, this.onLines)
    if (handed !== undefined)
      return Effect.zipRight(
        handed,
        Effect.suspend(() => this.waitForRoom())
      )
    return this.hub.hasRoom(this.stream) ? Effect.void : this.waitForRoom()
  }

  private waitForRoom(): Effect.Effect<void> {
    return this.hub.changed.until(() => this.hub.hasRoom(this.stream))
  }

  private countTruncated(truncated: ReadonlyMap<number, number>): void {
    this.truncatedLines += truncated.size
    for (const bytes of truncated.values()) {
      this.truncatedBytes += bytes
      ChildMetrics.dropped[metricOf(this.stream)].unsafeUpdate(bytes, [])
    }
  }

  /** Hands lines to `onLines`: to a plain callback whole chunks, to one that answers with an effect portions. */
  private handOver(placed: Placed, onLines: OnLines): Effect.Effect<void> | undefined {
    if (!this.isPlain) return this.handOverPortions(placed, 0)
    return this.call(onLines, ...this.portionOf(placed, 0, placed.chunk.texts.length))
  }

  /** Whether `onLines` has answered without an effect. Not known before its first call. */
  private isPlain = false

  private handOverPortions(placed: Placed, from: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      const now = this.now()
      const onLines = this.onLines
      const { chunk } = placed
      if (onLines === undefined) return Effect.void
      const size = chunk.texts.length
      const until = Math.min(size, from + this.portion.size)
      this.offered = Math.ceil((chunk.bytes * (size - from)) / size)
      const answer = this.call(onLines, ...this.portionOf(placed, from, until))
      if (answer === undefined) {
        this.isPlain = true
        this.taken(0)
        return until < size ? (this.call(onLines, ...this.portionOf(placed, until, size)) ?? Effect.void) : Effect.void
      }
      return Effect.flatMap(answer, () => {
        this.taken(Math.ceil((chunk.bytes * (size - until)) / size))
        this.portion.took(this.now() - now)
        return until < size ? this.handOverPortions(placed, until) : Effect.void
      })
    })
  }

  /** By the clock that measures how long it may take nothing. */
  private now(): number {
    return ActiveTime.unsafeNow(this.surroundings.clock)
  }

  private taken(rest: number): void {
    this.offered = rest
    this.steps++
  }

  private call(onLines: OnLines, texts: ReadonlyArray<string>, info: LinesInfo): Effect.Effect<void> | undefined {
    let answer: void | Effect.Effect<void>
    try {
      answer = onLines(texts, info)
    } catch (error) {
      return this.giveUp(Cause.die(error))
    }
    return Effect.isEffect(answer) ? Effect.catchAllCause(answer, (cause) => this.giveUp(cause)) : undefined
  }

  private giveUp(cause: Cause.Cause<never>): Effect.Effect<void> {
    this.onLines = undefined
    this.defect = cause
    return complain(`onLines of "${this.plan.label}" failed on ${this.stream} and gets no more lines`, cause)
  }

  private portionOf({ at, chunk, seq }: Placed, from: number, until: number): [ReadonlyArray<string>, LinesInfo] {
    const { label } = this.source
    const size = chunk.texts.length
    if (from === 0 && until === size) {
      return [chunk.texts, { label, seq, at, terminated: chunk.terminated, truncated: chunk.truncated }]
    }
    const truncated = new Map<number, number>()
    for (const [index, bytes] of chunk.truncated ?? []) {
      if (index >= from && index < until) truncated.set(index - from, bytes)
    }
    return [
      chunk.texts.slice(from, until),
      {
        label,
        seq: seq + from,
        at,
        terminated: until < size || chunk.terminated,
        truncated: truncated.size > 0 ? truncated : undefined
      }
    ]
  }
}
