/**
 * The writing end of one descriptor. Writes wait in a row and are given to the system a call at a time, so that a child
 * that reads nothing holds back whoever writes, and an interrupted write stops at the next call. A stream is let ahead
 * a little.
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { WriteFailure } from "../ChildDriver.js"
import type { ChildInput } from "../ChildInput.js"
import type { InputReport } from "../ExitReport.js"
import { InputError, type Reason } from "../InputError.js"
import { stackless } from "./stackless.js"
import { Wakeup } from "./wakeup.js"

/** So many bytes are given to the system at once, and tiny parts are joined up to a quarter of it. */
const atOnce = 256 * 1024
const joinedSize = atOnce / 4
/**
 * So much of a stream may wait here. With nothing in reserve the pipe would run empty each time, while the fiber that
 * was told of room pulls the next chunk. It is told when little is left, because each time is a turn of it.
 */
const reserve = { bytes: atOnce, parts: 64 }
const low = { bytes: atOnce / 4, parts: 16 }
/**
 * So many parts are pulled before it waits for a turn of the loop. While the system takes everything at once, nothing
 * else makes it wait, and a source that never waits either would leave no turn to timers, signals and other children.
 */
const partsATurn = 512

/** The platform's end. */
export interface InputPipe {
  readonly write: (pieces: ReadonlyArray<Uint8Array>, done: (failure?: WriteFailure) => void) => void
  readonly end: () => void
  /** One turn of whatever else this program does. */
  readonly turn: Effect.Effect<void>
}

/** Something to be written, or the end of input. */
interface Entry {
  readonly bytes: Uint8Array | "end"
  /** How much of it has been given to the system. */
  from: number
  readonly resume: (exit: Exit.Exit<void, InputError>) => void
}

const encoder = new TextEncoder()

export class Input implements ChildInput {
  private readonly entries: Array<Entry> = []
  /** Those that the system has been given the last of, and has not taken. */
  private readonly given: Array<Entry> = []
  /** The system has not answered yet. */
  private isBusy = false
  private isClosing = false
  private hasEnded = false
  /** There was more to come when it was ended. */
  private isCut = false
  private broken: InputError | undefined
  private written = 0
  /** The first half of a character whose second one may come with the next text. */
  private half = ""
  /** Told whenever something has been taken, or never will be. */
  private readonly moved = new Wakeup()

  constructor(
    readonly descriptor: number,
    private readonly label: string,
    private readonly pipe: InputPipe
  ) {}

  readonly write = (bytes: Uint8Array | string): Effect.Effect<void, InputError> => this.enter(() => this.encode(bytes))

  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    if (this.isClosing) return Effect.void
    return Effect.ignore(
      this.enter(() => {
        this.isClosing = true
        if (this.half !== "") this.push(this.encode("", "whole"))
        return "end"
      })
    )
  })

  readonly writeAll = <E, R>(
    stream: Stream.Stream<Uint8Array | string, E, R>
  ): Effect.Effect<void, E | InputError, R> =>
    Effect.suspend(() => Effect.zipRight(forEachChunk(stream, this.ahead()), this.flushed))

  readonly sink: Sink.Sink<void, Uint8Array | string, never, InputError> = Sink.suspend(() =>
    Sink.mapEffect(Sink.forEachChunk(this.ahead()), () => Effect.zipRight(this.flushed, this.close))
  )

  get report(): InputReport {
    return { bytes: this.written, complete: this.hasEnded && !this.isCut }
  }

  /** Whether a writer failed because we took no more from it, and not by itself. */
  hasRefused(cause: Cause.Cause<unknown>): boolean {
    return this.broken !== undefined && Option.exists(Cause.failureOption(cause), (error) => error === this.broken)
  }

  /** All of it and then the end, for which nobody waits. */
  fill(bytes: Uint8Array): void {
    this.push(bytes)
    this.isClosing = true
    this.push("end")
  }

  /** What comes before the end from now on is not all there was. */
  cut(): void {
    this.isCut = true
  }

  /** The child has ended: whatever has not been taken never will be. */
  readerEnded(): void {
    if (!this.hasEnded) this.break(this.error("ReaderGone"))
  }

  /**
   * Takes the chunks of one stream into the row, a little ahead. Small parts are joined, because each write is a call
   * of the system.
   */
  private ahead(): (chunk: Chunk.Chunk<Uint8Array | string>) => Effect.Effect<void, InputError> {
    // Its own, because others' may fill the row as fast as it empties.
    let bytes = 0
    let parts = 0
    let sinceTurn = 0
    // Tiny parts count more than their bytes.
    const isFull = () => bytes >= reserve.bytes || parts >= reserve.parts
    const isLow = () => this.broken !== undefined || (bytes < low.bytes && parts < low.parts)
    const take = (part: Uint8Array) => {
      bytes += part.length
      parts++
      sinceTurn++
      this.push(part, () => {
        bytes -= part.length
        parts--
      })
    }
    const room = Effect.suspend(() =>
      Effect.flatMap(this.moved.until(isLow), () => {
        if (this.broken !== undefined) return Effect.fail(this.broken)
        if (sinceTurn < partsATurn) return Effect.void
        sinceTurn = 0
        return this.pipe.turn
      })
    )
    return (chunk) =>
      Effect.suspend(() => {
        const { refusal } = this
        if (refusal !== undefined) return Effect.fail(refusal)
        if (chunk.length === 1) take(this.encode(Chunk.unsafeHead(chunk)))
        else joined(Chunk.map(chunk, (each) => this.encode(each))).forEach(take)
        return isFull() || this.broken !== undefined ? room : Effect.void
      })
  }

  /** Its turn comes when all that was taken into the row before it has been taken by the system. */
  private readonly flushed: Effect.Effect<void, InputError> = Effect.suspend(() => this.write(nothing))

  /** As UTF-8. A text may have been cut in the middle of a character. */
  private encode(written: Uint8Array | string, end: "open" | "whole" = "open"): Uint8Array {
    if (typeof written !== "string") {
      // Here it is a defect of the caller; later it would look like one of this package.
      if (!(written instanceof Uint8Array)) throw new TypeError("what is written to a child is a text or a Uint8Array")
      if (this.half !== "" && written.length > 0) this.push(this.encode("", "whole"))
      return written
    }
    const text = this.half + written
    const last = text.charCodeAt(text.length - 1)
    const isHalf = last >= 0xd800 && last <= 0xdbff
    this.half = end === "open" && isHalf ? text.slice(-1) : ""
    return encoder.encode(this.half === "" ? text : text.slice(0, -1))
  }

  private get refusal(): InputError | undefined {
    return this.broken ?? (this.isClosing ? this.error("Closed") : undefined)
  }

  /** Takes its place in the row, and waits until it has been dealt with. */
  private enter(what: () => Entry["bytes"]): Effect.Effect<void, InputError> {
    return Effect.async<void, InputError>((resume) => {
      const { refusal } = this
      if (refusal !== undefined) {
        resume(Effect.fail(refusal))
        return
      }
      const entry = this.push(what(), resume)
      return Effect.sync(() => this.withdraw(entry))
    })
  }

  private push(bytes: Entry["bytes"], resume: Entry["resume"] = ignore): Entry {
    const entry: Entry = { bytes, from: 0, resume }
    this.entries.push(entry)
    this.advance()
    return entry
  }

  /** Its writer has been interrupted. What the system has of it stays there; an end that was promised still comes. */
  private withdraw(entry: Entry): void {
    const index = this.entries.indexOf(entry)
    if (index === -1 || entry.bytes === "end") return
    this.entries.splice(index, 1)
  }

  private advance(): void {
    while (!this.isBusy && this.broken === undefined) {
      const [entry] = this.entries
      if (entry === undefined) return
      if (entry.bytes === "end") {
        this.hasEnded = true
        this.pipe.end()
        this.entries.shift()
        entry.resume(Exit.void)
      } else this.writeMany()
    }
  }

  /** Gives away what waits, as far as one call of the system is to take it. */
  private writeMany(): void {
    const pieces: Array<Uint8Array> = []
    let size = 0
    for (
      let entry = this.entries[0];
      entry !== undefined && entry.bytes !== "end" && size < atOnce;
      entry = this.entries[0]
    ) {
      const piece = entry.bytes.subarray(entry.from, entry.from + atOnce - size)
      entry.from += piece.length
      size += piece.length
      if (piece.length > 0) pieces.push(piece)
      if (entry.from < entry.bytes.length) break
      this.entries.shift()
      this.given.push(entry)
    }
    const done = (failure?: WriteFailure) => {
      this.isBusy = false
      if (failure === undefined) this.written += size
      else this.break(this.error(failure.isReaderGone ? "ReaderGone" : "Unknown", failure.code))
      for (const entry of this.given.splice(0)) entry.resume(Exit.void)
      this.advance()
      this.moved.notify()
    }
    this.isBusy = true
    if (pieces.length === 0) done()
    else this.pipe.write(pieces, done)
  }

  private break(error: InputError): void {
    if (this.broken !== undefined) return
    this.broken = error
    // Now, because the system need not answer any more.
    for (const entry of [...this.given.splice(0), ...this.entries.splice(0)]) entry.resume(Exit.fail(error))
    this.moved.notify()
    this.pipe.end()
  }

  private error(reason: Reason, code?: string): InputError {
    return stackless(new InputError({ reason, label: this.label, descriptor: this.descriptor, code }))
  }
}

/** `Stream.runForEachChunk` without a sink, and the channel around it, on the way of each chunk. */
const forEachChunk = <A, E, R, E2>(
  stream: Stream.Stream<A, E, R>,
  f: (chunk: Chunk.Chunk<A>) => Effect.Effect<void, E2>
): Effect.Effect<void, E | E2, R> =>
  Effect.scoped(
    Effect.flatMap(Stream.toPull(stream), (pull) => {
      const next: Effect.Effect<void, E | E2, R> = Effect.matchCauseEffect(pull, {
        onFailure: (cause) =>
          Option.match(Cause.flipCauseOption(cause), {
            onNone: () => Effect.void,
            onSome: (cause) => Effect.failCause(cause)
          }),
        onSuccess: (chunk) => Effect.flatMap(f(chunk), () => next)
      })
      return next
    })
  )

const ignore = (): void => undefined
const nothing = new Uint8Array(0)

/** The parts as pieces of about the size that is written at once. */
const joined = (parts: Iterable<Uint8Array>): ReadonlyArray<Uint8Array> => {
  const pieces: Array<Uint8Array> = []
  let waiting: Array<Uint8Array> = []
  let size = 0
  const join = () => {
    if (waiting.length > 0) pieces.push(waiting.length === 1 ? (waiting[0] as Uint8Array) : concatenated(waiting, size))
    waiting = []
    size = 0
  }
  for (const bytes of parts) {
    if (size + bytes.length > joinedSize) join()
    waiting.push(bytes)
    size += bytes.length
  }
  join()
  return pieces
}

const concatenated = (parts: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  const all = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
