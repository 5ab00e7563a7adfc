/**
 * What every way of reading a stream of a child has in common. Chunks come in from the platform at any time, are
 * counted, leave their end in the tail, and may wait here for a consumer. When more waits than `highMark`, the platform
 * is told to pause, and the child is held back by its full pipe.
 */
import type * as Cause from "effect/Cause"
import type { StreamName } from "../ChildDriver.js"
import * as ChildMetrics from "../ChildMetrics.js"
import type { StreamReport } from "../ExitReport.js"
import type { Plan } from "./plan.js"
import { Tail } from "./tail.js"

const highMark = 128 * 1024
const lowMark = 64 * 1024

/** Under which name a stream is counted. */
export const metricOf = (stream: StreamName): "stdout" | "stderr" | "other" =>
  stream === "stdout" || stream === "stderr" ? stream : "other"

/** The platform's end of the stream. */
export interface Pipe {
  readonly pause: () => void
  readonly resume: () => void
}

export abstract class Intake {
  private readonly queue: Array<Uint8Array> = []
  private readonly tail: Tail
  /** How many bytes have been read. */
  received = 0
  /** How many bytes wait. */
  protected queued = 0
  isPaused = false
  /** No more bytes will come. */
  isEnded = false
  /** Every byte that came has been delivered, or given up. */
  isDone = false
  /** Bytes that were read and that no consumer took. */
  abandoned = 0
  /** How the reading ended, or will unless something else happens. */
  drained: StreamReport["drained"] = "Eof"

  constructor(
    readonly stream: StreamName,
    protected readonly plan: Plan,
    private readonly pipe: Pipe
  ) {
    // One byte more than is shown tells whether what is shown begins a line.
    this.tail = new Tail(plan.tailBytes + plan.redactor.reach + 1)
  }

  /** How many lines have been framed. */
  abstract readonly framed: number
  /** A number that changes whenever a consumer has taken something. */
  abstract readonly progress: number
  /** Whether anything that was read has not been delivered. */
  abstract readonly hasUndelivered: boolean
  /** Why a consumer given as an option was given up. */
  abstract readonly defect: Cause.Cause<never> | undefined
  abstract push(chunk: Uint8Array): void
  abstract end(): void
  /** Gives up what has not been delivered: its consumer has stopped. */
  abstract abandon(): void
  /** Who holds the child is done with it: what nobody is reading, nobody will. */
  abstract letGo(): void
  abstract report(): StreamReport

  tailText(): string {
    return this.plan.tailBytes === 0 ? "" : this.tail.read(this.plan.tailBytes, this.plan.redactor)
  }

  /** Its consumer has stopped, and has not taken so many bytes. What has not been read is lost, too. */
  protected stalled(bytes: number): void {
    if (bytes > 0 || !this.isEnded) this.drained = "Stalled"
    this.isEnded = true
    this.abandoned = bytes
    ChildMetrics.dropped[metricOf(this.stream)].unsafeUpdate(bytes, [])
  }

  protected note(chunk: Uint8Array): void {
    this.received += chunk.length
    ChildMetrics.bytes[metricOf(this.stream)].unsafeUpdate(chunk.length, [])
    this.tail.push(chunk)
  }

  protected enqueue(chunk: Uint8Array): void {
    this.queue.push(chunk)
    this.queued += chunk.length
    // At every chunk over the mark, and not only the first: Node goes on reading a paused stream when the child exits.
    if (this.queued >= highMark) {
      this.isPaused = true
      this.pipe.pause()
    }
  }

  protected dequeue(): Uint8Array | undefined {
    const chunk = this.queue.shift()
    if (chunk === undefined) return undefined
    this.queued -= chunk.length
    if (this.isPaused && this.queued < lowMark) {
      this.isPaused = false
      this.pipe.resume()
    }
    return chunk
  }

  protected get hasQueued(): boolean {
    return this.queue.length > 0
  }

  protected forgetQueued(): void {
    this.queue.length = 0
    this.queued = 0
  }
}
