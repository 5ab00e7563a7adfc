/**
 * The reading of one stream of a child as bytes. Chunks wait for whoever asks for the next one; the child is held back
 * where nobody does. It is driven by its reader, and needs no fiber of its own.
 */
import type * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { StreamName } from "../ChildDriver.js"
import type { StreamReport } from "../ExitReport.js"
import { Intake, type Pipe } from "./intake.js"
import type { Plan } from "./plan.js"
import { Wakeup } from "./wakeup.js"

export interface Reader {
  /** It was given a chunk and has not come back for more. */
  isBusy: boolean
}

export class ByteDrain extends Intake {
  readonly framed = 0
  /** Why the sink was given up. */
  defect: Cause.Cause<never> | undefined
  progress = 0
  private readonly readers = new Set<Reader>()
  private readonly arrived = new Wakeup()
  private isLetGo = false

  constructor(
    stream: StreamName,
    plan: Plan,
    pipe: Pipe,
    private readonly onDone: () => void
  ) {
    super(stream, plan, pipe)
  }

  get hasUndelivered(): boolean {
    return this.hasQueued || this.isAnyBusy
  }

  push(chunk: Uint8Array): void {
    if (this.isEnded) return
    this.note(chunk)
    if (this.isUnwanted) return
    this.enqueue(chunk)
    this.arrived.notify()
  }

  end(): void {
    if (this.isEnded) return
    this.isEnded = true
    this.arrived.notify()
    this.settle()
  }

  abandon(): void {
    if (this.isDone) return
    this.stalled(this.queued)
    this.finish()
    this.arrived.notify()
  }

  letGo(): void {
    this.isLetGo = true
    this.dropUnwanted()
  }

  report(): StreamReport {
    const { drained, received: bytes } = this
    return { bytes, lines: 0, truncatedLines: 0, truncatedBytes: 0, drained, tail: this.tailText() }
  }

  enter(): Reader {
    const reader = { isBusy: false }
    this.readers.add(reader)
    return reader
  }

  leave(reader: Reader): void {
    this.readers.delete(reader)
    this.dropUnwanted()
    this.settle()
  }

  /** The next chunk, if one waits. Asking for more says that what was given before has been dealt with. */
  poll(reader: Reader): Uint8Array | undefined {
    const chunk = this.dequeue()
    if (chunk !== undefined || reader.isBusy) this.progress++
    reader.isBusy = chunk !== undefined
    if (chunk === undefined) this.settle()
    return chunk
  }

  /** There is something to take, or nothing will come any more. */
  get untilNews(): Effect.Effect<void> {
    return this.arrived.until(() => this.hasQueued || this.isEnded)
  }

  private get isAnyBusy(): boolean {
    for (const reader of this.readers) if (reader.isBusy) return true
    return false
  }

  private get isUnwanted(): boolean {
    return this.isLetGo && this.readers.size === 0
  }

  private dropUnwanted(): void {
    if (!this.isUnwanted) return
    while (this.dequeue() !== undefined) this.progress++
    this.settle()
  }

  private settle(): void {
    if (this.isEnded && !this.isDone && !this.hasUndelivered) this.finish()
  }

  private finish(): void {
    this.isDone = true
    this.forgetQueued()
    this.onDone()
  }
}

/** What several drains have read, as it comes. With a problem among them, that. */
export const bytesOf = (drains: ReadonlyArray<ByteDrain | Error>): Stream.Stream<Uint8Array> => {
  const problem = drains.find((drain) => drain instanceof Error)
  if (problem !== undefined) return Stream.die(problem)
  const enterAll = Effect.sync(() =>
    (drains as ReadonlyArray<ByteDrain>).map((drain) => ({ drain, reader: drain.enter() }))
  )
  return Stream.fromPull(
    Effect.map(
      Effect.acquireRelease(enterAll, (entered) =>
        Effect.sync(() => entered.forEach(({ drain, reader }) => drain.leave(reader)))
      ),
      pull
    )
  )
}

interface Entered {
  readonly drain: ByteDrain
  readonly reader: Reader
}

const pull = (entered: Array<Entered>): Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<never>> => {
  const next: Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<never>> = Effect.suspend(() => {
    for (const [index, { drain, reader }] of entered.entries()) {
      const chunk = drain.poll(reader)
      if (chunk === undefined) continue
      // It has had its turn.
      entered.push(...entered.splice(index, 1))
      return Effect.succeed(Chunk.of(chunk))
    }
    const [first, ...others] = entered.filter(({ drain }) => !drain.isEnded).map(({ drain }) => drain.untilNews)
    if (first === undefined) return Effect.fail(Option.none())
    // A race is a fiber each, which one that waits alone does not need.
    return Effect.zipRight(others.length === 0 ? first : Effect.raceAll([first, ...others]), next)
  })
  return next
}
