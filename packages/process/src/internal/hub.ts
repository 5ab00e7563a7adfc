/**
 * The lines of one child, or of all processes of a pipeline, to any number of readers. A reader holds the child back
 * while it is subscribed, or is told how much it missed; without readers nothing waits.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import * as Chunk from "effect/Chunk"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Lagged, OutputLine } from "../Child.js"
import type { StreamName } from "../ChildDriver.js"
import { keepChunk, type KeptChunk, type LineChunk, restoreChunk } from "./framer.js"
import { Portion } from "./portion.js"
import { Wakeup } from "./wakeup.js"

/** One stream of one process. */
export interface HubSource {
  readonly stream: StreamName
  readonly label: string
}

/** Lines with their place among all that came: the number of the first, and when they were read. */
export interface Placed {
  readonly chunk: LineChunk
  readonly seq: number
  readonly at: number
}

/** How many bytes may wait for a reader before the child is held back, or lines are dropped. */
const mark = 64 * 1024
/** How many bytes of lines are kept for readers that ask for the ones before they came. */
const historyBytes = 64 * 1024

interface Piece extends Placed {
  readonly source: HubSource
  /** What the reader missed just before. */
  readonly lag?: Lagged
}

export class Hub {
  private readonly subscriptions = new Set<Subscription>()
  private readonly history: Array<Omit<Piece, "chunk"> & { readonly kept: KeptChunk }> = []
  private kept = 0
  private lines = 0
  private readonly open = new Set<HubSource>()
  /** Told whenever a reader has taken something or has left. */
  readonly changed = new Wakeup()
  /** How often a reader has taken something: the sign of life of a slow one. */
  taken = 0

  /** `patience`: after how many milliseconds without progress a reader is given up. */
  constructor(
    private readonly clock: Clock.Clock,
    private readonly patience: number
  ) {}

  /** One more that will publish. */
  add(source: HubSource): void {
    this.open.add(source)
  }

  publish(source: HubSource, chunk: LineChunk): Placed {
    const piece: Piece = { source, chunk, seq: this.lines, at: this.clock.unsafeCurrentTimeMillis() }
    this.lines += chunk.texts.length
    this.history.push({ source, seq: piece.seq, at: piece.at, kept: keepChunk(chunk) })
    this.kept += chunk.bytes
    for (
      let first = this.history[0];
      first !== undefined && this.kept - first.kept.bytes >= historyBytes;
      first = this.history[0]
    ) {
      this.kept -= first.kept.bytes
      this.history.shift()
    }
    for (const subscription of this.subscriptions) subscription.offer(piece)
    return piece
  }

  /** Whether no reader that holds the child back has too much before it. */
  hasRoom(stream: StreamName): boolean {
    for (const each of this.subscriptions) if (each.holds(stream) && each.waiting >= mark) return false
    return true
  }

  /** Whether every reader that holds the child back has taken all there is of it, and come back for more. */
  isDelivered(source: HubSource): boolean {
    for (const each of this.subscriptions) if (each.holds(source.stream) && !each.isThrough(source)) return false
    return true
  }

  /** The bytes that wait for the reader that is furthest behind. */
  undelivered(source: HubSource): number {
    let most = 0
    for (const each of this.subscriptions) if (each.holds(source.stream)) most = Math.max(most, each.waitingOf(source))
    return most
  }

  end(source: HubSource): void {
    this.open.delete(source)
    for (const subscription of this.subscriptions) subscription.wake()
  }

  hasEnded(streams: ReadonlyArray<StreamName>): boolean {
    for (const { stream } of this.open) if (streams.includes(stream)) return false
    return true
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
      const { at, kept, seq, source } = this.history[i] as (typeof this.history)[number]
      if (!streams.includes(source.stream)) continue
      const skipped = Math.max(0, kept.count - missing)
      missing -= kept.count
      const chunk = restoreChunk(kept)
      pieces.unshift({ source, at, seq: seq + skipped, chunk: skipped === 0 ? chunk : withoutFirst(chunk, skipped) })
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
  /** When the reader was last given lines, and whose. */
  private givenAt: number | undefined
  private given: HubSource | undefined
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

  /** It has dealt with all that it was offered of this source. */
  isThrough(source: HubSource): boolean {
    return this.given !== source && !this.pieces.some((piece) => piece.source === source)
  }

  waitingOf(source: HubSource): number {
    return this.pieces.reduce((sum, piece) => (piece.source === source ? sum + piece.chunk.bytes : sum), 0)
  }

  offer(piece: Piece): void {
    if (!this.streams.includes(piece.source.stream)) return
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
  readonly take: Effect.Effect<Chunk.Chunk<OutputLine | Lagged>, Option.Option<never>> = Effect.flatMap(
    ActiveTime.now,
    (now) => {
      // Asking for more says that what was given before has been dealt with.
      if (this.givenAt !== undefined) this.portion.took(now - this.givenAt)
      this.givenAt = undefined
      this.given = undefined
      if (this.pieces.length > 0) {
        this.givenAt = now
        return Effect.succeed(this.next(this.portion.size))
      }
      if (this.dropped > 0) return Effect.succeed(Chunk.of(this.lag()))
      this.hub.taken++
      this.hub.changed.notify()
      if (this.hub.hasEnded(this.streams)) return Effect.fail(Option.none())
      return Effect.zipRight(this.arrived.until(this.hasNews), this.take)
    }
  )

  private readonly hasNews = (): boolean =>
    this.pieces.length > 0 || this.dropped > 0 || this.hub.hasEnded(this.streams)

  private next(limit: number): Chunk.Chunk<OutputLine | Lagged> {
    const piece = this.pieces[0] as Piece
    const {
      at,
      chunk,
      seq,
      source: { label, stream }
    } = piece
    this.given = piece.source
    const lines: Array<OutputLine | Lagged> = []
    if (this.from === 0 && piece.lag !== undefined) lines.push(piece.lag)
    const last = chunk.texts.length - 1
    const until = Math.min(chunk.texts.length, this.from + limit)
    for (let i = this.from; i < until; i++) {
      lines.push({
        _tag: "Line",
        stream,
        label,
        seq: seq + i,
        at,
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
