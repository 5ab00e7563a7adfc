/**
 * All that is written to one child, and the streams that are written to it: each has a fiber that ends with the stream,
 * or with the child.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import type * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Sink from "effect/Sink"
import type * as Stream from "effect/Stream"
import type { Launched } from "../ChildDriver.js"
import type { ChildInput } from "../ChildInput.js"
import type { InputReport } from "../ExitReport.js"
import { Input } from "./input.js"
import { complain } from "./observability.js"
import type { Plan } from "./plan.js"
import { clip, formatDuration } from "./text.js"

/** What the feeding asks of its child. */
export interface Fed {
  readonly fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
  /** The source of an input has failed, and the child lives. */
  readonly onFailed: (cause: Cause.Cause<unknown>) => void
}

/** A stream that is being written. */
interface Feed {
  readonly fiber: Fiber.RuntimeFiber<void>
  /** Nothing more of it is wanted: an interrupt of it is ours. */
  isOver: boolean
}

export class Feeding {
  private readonly inputs = new Map<number, Input>()
  private readonly feeds = new Map<number, Feed>()
  private hasReader = true

  constructor(
    private readonly plan: Plan,
    private readonly clock: Clock.Clock,
    private readonly fed: Fed
  ) {}

  /** The child runs, and so does whoever it is to run with. */
  begin(launched: Launched): void {
    for (const [descriptor, source] of this.plan.inputs) {
      const input = new Input(descriptor, this.plan.label, {
        write: (pieces, done) => launched.write(descriptor, pieces, done),
        end: () => launched.endInput(descriptor),
        turn: launched.turn
      })
      this.inputs.set(descriptor, input)
      if (!this.hasReader) input.readerEnded()
      else if (source instanceof Uint8Array) input.fill(source)
      else if (source !== "owner") this.feed(input, source)
    }
  }

  /** The handle of an input that its owner writes. */
  input(descriptor: number): ChildInput {
    if (this.plan.inputs.get(descriptor) === "owner") return this.inputs.get(descriptor) as Input
    return unwritable(
      new Error(
        `cannot write to "${clip(this.plan.label)}": needs ${descriptor === 0 ? "stdin" : `fds.${descriptor}`} to be "pipe", and it is not`
      )
    )
  }

  /** Whether nothing is being fed. */
  get isIdle(): boolean {
    for (const { fiber } of this.feeds.values()) if (fiber.unsafePoll() === null) return false
    return true
  }

  get canClose(): boolean {
    return this.plan.inputs.has(0)
  }

  /**
   * The end of stdin, for a child that is asked to stop: no more comes from its source, and what is being written is
   * the last.
   */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const feed = this.feeds.get(0)
    if (feed !== undefined && feed.fiber.unsafePoll() === null) {
      this.inputs.get(0)?.cut()
      this.end(feed)
    }
    return this.inputs.get(0)?.close ?? Effect.void
  })

  /** The child has ended. */
  readerEnded(): void {
    this.hasReader = false
    for (const feed of this.feeds.values()) this.end(feed)
    for (const input of this.inputs.values()) input.readerEnded()
  }

  /** Waits for the sources, which may have something to release, and not for ever. */
  readonly joined: Effect.Effect<void> = Effect.suspend(() => {
    if (this.isIdle) return Effect.void
    const fibers = [...this.feeds.values()].map((feed) => feed.fiber)
    return Effect.flatMap(ActiveTime.within(this.clock, this.plan.deliverGrace, Fiber.awaitAll(fibers)), (hasEnded) =>
      hasEnded
        ? Effect.void
        : complain(
            `the source of the input of "${clip(this.plan.label)}" could not be interrupted within ` +
              `${formatDuration(this.plan.deliverGrace)} after its end, and is left alone`
          )
    )
  })

  get report(): Readonly<Record<number, InputReport>> {
    if (this.inputs.size === 0) return nothing
    return Object.fromEntries([...this.inputs].map(([descriptor, input]) => [descriptor, input.report]))
  }

  private end(feed: Feed): void {
    feed.isOver = true
    feed.fiber.unsafeInterruptAsFork(feed.fiber.id())
  }

  private feed(input: Input, source: Stream.Stream<Uint8Array | string, unknown>): void {
    const work = Effect.matchCause(Effect.zipRight(input.writeAll(source), input.close), {
      onSuccess: () => undefined,
      onFailure: (cause) => {
        // That a child does not read on is its own affair, and an interrupt at its end is ours.
        const isOver = this.feeds.get(input.descriptor)?.isOver === true
        if (!isOver && !input.hasRefused(cause)) this.fed.onFailed(cause)
      }
    })
    this.feeds.set(input.descriptor, { fiber: this.fed.fork(work), isOver: false })
  }
}

const nothing: Readonly<Record<number, InputReport>> = {}

const unwritable = (error: Error): ChildInput => ({
  write: () => Effect.die(error),
  writeAll: () => Effect.die(error),
  close: Effect.die(error),
  sink: Sink.die(error)
})
