/**
 * The lines of one child to any number of readers. A reader holds the child back while it is subscribed, or is told how
 * much it missed; without readers nothing waits.
 */
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Lagged, OutputLine } from "../Child.js"
import type { StreamName } from "../ChildDriver.js"
import { keepChunk, type KeptChunk, type LineChunk, restoreChunk } from "./framer.js"
import { Wakeup } from "./wakeup.js"
import { Portion } from "./portion.js"

/** How many bytes may wait for a reader before the child is held back, or lines are dropped. */
const mark = 64 * 1024
/** How many bytes of lines are kept for readers that ask for the ones before they came. */
const historyBytes = 64 * 1024

interface Piece {
  readonly stream: StreamName
  readonly chunk: LineChunk
  /** What the reader missed just before. */
  readonly lag?: Lagged
}

export class Hub {
  private readonly subscriptions = new Set<Subscription>()
  private readonly history: Array<{ readonly stream: StreamName; readonly kept: KeptChunk }> = []
  private kept = 0
  private readonly open: Set<StreamName>
  /** Told whenever a reader has taken something or has left. */
  readonly changed = new Wakeup()
  /** How often a reader has taken something: the sign of life of a slow one. */
  taken = 0

  /** `patience`: after how many milliseconds without progress a reader is given up. */
  constructor(streams: Iterable<StreamName>, private readonly patience: number) {
    this.open = new Set(streams)
  }

  publish(stream: StreamName, chunk: LineChunk): void {
    const piece = { stream, chunk }
    this.history.push({ stream, kept: keepChunk(chunk) })
    this.kept += chunk.bytes
    for (let first = this.history[0]; first !== undefined && this.kept - first.kept.bytes >= historyBytes; first = this.history[0]) {
      this.kept -= first.kept.bytes
      this.history.shift()
    }
    for (const subscription of this.subscriptions) subscription.offer(piece)
  }

  /** Whether no reader that holds the child back has too much before it. */
  hasRoom(stream: StreamName): boolean {
    for (const each of this.subscriptions) if (each.holds(stream) && each.waiting >= mark) return false
    return true
  }

  /** Whether every reader that holds the child back has taken all there is, and come back for more. */
  isDelivered(stream: StreamName): boolean {
    for (const each of this.subscriptions) if (each.holds(stream) && !each.isCaughtUp) return false
    return true
  }

  /** The bytes that wait for the reader that is furthest behind. */
  undelivered(stream: StreamName): number {
    let most = 0
    for (const each of this.subscriptions) if (each.holds(stream)) most = Math.max(most, each.waiting)
    return most
  }

  end(stream: StreamName): void {
    this.open.delete(stream)
    for (const subscription of this.subscriptions) subscription.wake()
  }

  hasEnded(streams: ReadonlyArray<StreamName>): boolean {
    return !streams.some((stream) => this.open.has(stream))
  }

  subscribe(streams: ReadonlyArray<StreamName>, replay: number, onSlow: "suspend" | "drop"): Subscription {
    const subscription = new Subscription(this, streams, onSlow, this.patience)
    for (const piece of this.lastLines(streams, replay)) subscription.replay(piece)
    this.subscriptions.add(subscription)
    return subscription
  }

  leave(subscription: Subscription): void {
    this.subscriptions.delete(subscription)
    this.changed.notify()
  }

  private lastLines(streams: ReadonlyArray<StreamName>, count: number): ReadonlyArray<Piece> {
    const pieces: Array<Piece> = []
    let missing = count
    for (let i = this.history.length - 1; i >= 0 && missing > 0; i--) {
      const { kept, stream } = this.history[i] as (typeof this.history)[number]
      if (!streams.includes(stream)) continue
      const skipped = Math.max(0, kept.count - missing)
      missing -= kept.count
      const chunk = restoreChunk(kept)
      pieces.unshift({ stream, chunk: skipped === 0 ? chunk : withoutFirst(chunk, skipped) })
    }
    return pieces
  }
}

const withoutFirst = (chunk: LineChunk, count: number): LineChunk => ({
  ...chunk,
  texts: chunk.texts.slice(count),
  truncated: chunk.truncated && new Map([...chunk.truncated].map(([index, bytes]) => [index - count, bytes]))
})

export class Subscription {
  private readonly pieces: Array<Piece> = []
  /** How many lines of the first piece have been taken. */
  private from = 0
  private dropped = 0
  private readonly arrived = new Wakeup()
  private readonly portion: Portion
  /** When the reader was last given lines. */
  private givenAt: number | undefined
  private isWaiting = false
  /** Bytes that were offered and not taken. */
  waiting = 0

  constructor(
    private readonly hub: Hub,
    private readonly streams: ReadonlyArray<StreamName>,
    private readonly onSlow: "suspend" | "drop",
    patience: number
  ) {
    this.portion = new Portion(patience)
  }

  holds(stream: StreamName): boolean {
    return this.onSlow === "suspend" && this.streams.includes(stream)
  }

  get isCaughtUp(): boolean {
    return this.pieces.length === 0 && this.isWaiting
  }

  offer(piece: Piece): void {
    if (!this.streams.includes(piece.stream)) return
    if (this.onSlow === "drop" && this.waiting >= mark) {
      this.dropped += piece.chunk.texts.length
      return
    }
    this.replay(piece)
  }

  replay(piece: Piece): void {
    this.pieces.push(this.dropped === 0 ? piece : { ...piece, lag: this.lag() })
    this.waiting += piece.chunk.bytes
    this.arrived.notify()
  }

  wake(): void {
    this.arrived.notify()
  }

  close(): void {
    this.hub.leave(this)
  }

  /** The next lines, or the end. */
  readonly take: Effect.Effect<Chunk.Chunk<OutputLine | Lagged>, Option.Option<never>> = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    // Asking for more says that what was given before has been dealt with.
    if (this.givenAt !== undefined) this.portion.took(now - this.givenAt)
    this.givenAt = undefined
    if (this.pieces.length > 0) {
      this.isWaiting = false
      this.givenAt = now
      return Effect.succeed(this.next(this.portion.size))
    }
    if (this.dropped > 0) return Effect.succeed(Chunk.of(this.lag()))
    this.isWaiting = true
    this.hub.taken++
    this.hub.changed.notify()
    if (this.hub.hasEnded(this.streams)) return Effect.fail(Option.none())
    return Effect.zipRight(this.arrived.until(this.hasNews), this.take)
  })

  private readonly hasNews = (): boolean =>
    this.pieces.length > 0 || this.dropped > 0 || this.hub.hasEnded(this.streams)

  private next(limit: number): Chunk.Chunk<OutputLine | Lagged> {
    const piece = this.pieces[0] as Piece
    const { chunk, stream } = piece
    const lines: Array<OutputLine | Lagged> = []
    if (this.from === 0 && piece.lag !== undefined) lines.push(piece.lag)
    const last = chunk.texts.length - 1
    const until = Math.min(chunk.texts.length, this.from + limit)
    for (let i = this.from; i < until; i++) {
      lines.push({
        _tag: "Line",
        stream,
        text: chunk.texts[i] as string,
        terminated: i < last || chunk.terminated,
        truncatedBytes: chunk.truncated?.get(i) ?? 0
      })
    }
    this.from = until
    if (until === chunk.texts.length) {
      this.pieces.shift()
      this.from = 0
      this.waiting -= chunk.bytes
    }
    this.hub.taken++
    this.hub.changed.notify()
    return Chunk.unsafeFromArray(lines)
  }

  private lag(): Lagged {
    const dropped = this.dropped
    this.dropped = 0
    return { _tag: "Lagged", dropped }
  }
}
