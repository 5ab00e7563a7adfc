/**
 * The lines of one child, or of all processes of a pipeline, to any number of readers. A reader holds the child back
 * while it is subscribed, or is told how much it missed; without readers nothing waits. The first reader of a stream
 * begins at its start, as far as the start is kept.
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
/** How many bytes of lines are kept for each stream: for its first reader, and for readers that ask for a replay. */
const historyBytes = 64 * 1024

interface Piece extends Placed {
  readonly source: HubSource
  /** What the reader missed just before. */
  readonly lag?: Lagged
}

/** The last lines of one stream, of all processes together. Made for its first lines or its first reader. */
class History {
  private readonly pieces: Array<Omit<Piece, "chunk"> & { readonly kept: KeptChunk }> = []
  private bytes = 0
  /** How many lines are not kept any more. */
  forgotten = 0
  /** Its first readers are those that subscribe in one turn of the event loop. */
  firstReaders: "awaited" | "subscribing" | "subscribed" = "awaited"

  constructor(readonly stream: StreamName) {}

  add({ at, chunk, seq, source }: Piece): void {
    this.pieces.push({ source, seq, at, kept: keepChunk(chunk) })
    this.bytes += chunk.bytes
    for (
      let first = this.pieces[0];
      first !== undefined && this.bytes - first.kept.bytes >= historyBytes;
      first = this.pieces[0]
    ) {
      this.bytes -= first.kept.bytes
      this.forgotten += first.kept.count
      this.pieces.shift()
    }
  }

  all(): ReadonlyArray<Piece> {
    return this.pieces.map(({ at, kept, seq, source }) => ({ source, at, seq, chunk: restoreChunk(kept) }))
  }
}

const bySeq = (a: Piece, b: Piece): number => a.seq - b.seq

/** `dates`: that of the fiber. `waits`: that of the driver, by which the waits about a child are measured. */
export interface Clocks {
  readonly dates: Clock.Clock
  readonly waits: Clock.Clock
}

export class Hub {
  private readonly subscriptions = new Set<Subscription>()
  private readonly histories: Array<History> = []
  private lines = 0
  private readonly open = new Set<HubSource>()
  /** The rest of the current turn of the event loop, as the driver knows it. */
  turn: Effect.Effect<void> = Effect.void
  /** Told whenever a reader has taken something or has left. */
  readonly changed = new Wakeup()
  /** How often a reader has taken something: the sign of life of a slow one. */
  taken = 0

  /** `patience`: after how many milliseconds without progress a reader is given up. */
  constructor(
    private readonly clocks: Clocks,
    private readonly patience: number
  ) {}

  /** The time of the driver, in milliseconds. */
  get now(): number {
    return ActiveTime.unsafeNow(this.clocks.waits)
  }

  /** One more that will publish. */
  add(source: HubSource): void {
    this.open.add(source)
  }

  publish(source: HubSource, chunk: LineChunk): Placed {
    const piece: Piece = { source, chunk, seq: this.lines, at: this.clocks.dates.unsafeCurrentTimeMillis() }
    this.lines += chunk.texts.length
    this.historyOf(source.stream).add(piece)
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

  /** What comes from now on, after so many of the last lines. It does not count as a reader. */
  subscribe(streams: ReadonlyArray<StreamName>, replay: number, onSlow: "suspend" | "drop"): Subscription {
    const subscription = new Subscription(this, streams, onSlow, this.patience)
    for (const piece of this.lastLines(streams, replay)) subscription.replay(piece)
    this.subscriptions.add(subscription)
    return subscription
  }

  /**
   * What comes from now on, after all that is kept of streams that have not had a reader, or after the replay that was
   * asked for. Without a replay, a `Lagged` counts the lines of such a stream that are not kept any more.
   */
  subscribeReader(
    streams: ReadonlyArray<StreamName>,
    replay: number | undefined,
    onSlow: "suspend" | "drop"
  ): Subscription {
    const histories = [...new Set(streams)].map((stream) => this.historyOf(stream))
    const subscription = this.subscribe(streams, replay ?? 0, onSlow)
    const unread = histories.filter((history) => history.firstReaders !== "subscribed")
    for (const history of unread) history.firstReaders = "subscribing"
    if (replay === undefined) {
      subscription.miss(unread.reduce((sum, history) => sum + history.forgotten, 0))
      for (const piece of unread.flatMap((history) => history.all()).sort(bySeq)) subscription.replay(piece)
    }
    return subscription
  }

  /** Ends the turn in which the first readers subscribe. Undefined where none has subscribed in this turn. */
  get endOfTurn(): Effect.Effect<void> | undefined {
    const begun = this.histories.filter((history) => history.firstReaders === "subscribing")
    if (begun.length === 0) return undefined
    return Effect.map(this.turn, () => {
      for (const history of begun) history.firstReaders = "subscribed"
    })
  }

  leave(subscription: Subscription): void {
    this.subscriptions.delete(subscription)
    this.changed.notify()
  }

  private historyOf(stream: StreamName): History {
    for (const history of this.histories) if (history.stream === stream) return history
    const history = new History(stream)
    this.histories.push(history)
    return history
  }

  private lastLines(streams: ReadonlyArray<StreamName>, count: number): ReadonlyArray<Piece> {
    if (!(count > 0)) return []
    const pieces = this.histories
      .filter(({ stream }) => streams.includes(stream))
      .flatMap((history) => history.all())
      .sort(bySeq)
    let surplus = pieces.reduce((sum, { chunk }) => sum + chunk.texts.length, 0) - count
    const last: Array<Piece> = []
    for (const piece of pieces) {
      const size = piece.chunk.texts.length
      if (surplus <= 0) last.push(piece)
      else if (surplus < size)
        last.push({ ...piece, seq: piece.seq + surplus, chunk: withoutFirst(piece.chunk, surplus) })
      surplus -= size
    }
    return last
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
    if (this.onSlow === "drop" && this.waiting >= mark) return this.miss(piece.chunk.texts.length)
    this.replay(piece)
  }

  /** So many lines are lost for this reader. */
  miss(lines: number): void {
    this.dropped += lines
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
  readonly take: Effect.Effect<Chunk.Chunk<OutputLine | Lagged>, Option.Option<never>> = Effect.suspend(() => {
    const { now } = this.hub
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
  })

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
