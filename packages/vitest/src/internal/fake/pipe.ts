/**
 * A pipe: what is written stays in it until it is read, and it holds only so much.
 */
import * as Effect from "effect/Effect"
import { Changes } from "./changes.js"
import type { Sink, Source } from "./ends.js"

/** Where we are the reader: what comes is handed over at once, unless reading is paused. */
export interface Outlet {
  readonly data: (bytes: Uint8Array) => void
  readonly end: () => void
}

// More than this is written in parts, as by the system.
const largestWrite = 64 * 1024

export class Pipe {
  isPaused = false
  private readonly waiting: Array<Uint8Array> = []
  private size = 0
  private writers = 0
  private readers = 0
  private hasEnded = false
  private readonly changes = new Changes()

  constructor(
    private readonly capacity: number,
    private readonly outlet?: Outlet,
    private readonly onWritten: (bytes: Uint8Array) => void = () => undefined
  ) {}

  /** A writing end; the reader sees the end when all of them are released. */
  openWriter(): Sink {
    this.writers++
    return {
      writeNow: (bytes) => bytes.length <= largestWrite && this.writeNow(bytes),
      write: (bytes) => this.write(bytes),
      release: once(() => {
        this.writers--
        this.move()
      })
    }
  }

  /** A reading end; a writer is told when all of them are released. */
  openReader(): Source {
    this.readers++
    return {
      take: Effect.zipRight(
        Effect.suspend(() => {
          this.wanted++
          this.changes.notify()
          return this.changes.until(() => this.waiting.length > 0 || this.writers === 0)
        }),
        Effect.sync(() => this.shift())
      ).pipe(Effect.ensuring(Effect.sync(() => this.wanted--))),
      release: once(() => {
        this.readers--
        this.changes.notify()
      })
    }
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    this.move()
  }

  /** We read it no more. */
  abandon(): void {
    this.isAbandoned = true
    this.waiting.length = 0
    this.size = 0
    this.end()
  }

  private wanted = 0
  private isAbandoned = false

  private get isBroken(): boolean {
    return this.outlet === undefined ? this.readers === 0 : this.isAbandoned
  }

  private write(bytes: Uint8Array): Effect.Effect<boolean> {
    const parts = Array.from({ length: Math.ceil(bytes.length / largestWrite) }, (_, index) =>
      bytes.slice(index * largestWrite, (index + 1) * largestWrite)
    )
    return Effect.reduce(parts, true, (isOpen, part) => (isOpen ? this.writePart(part) : Effect.succeed(false)))
  }

  private writePart(part: Uint8Array): Effect.Effect<boolean> {
    return Effect.map(
      this.changes.until(() => this.isBroken || this.hasRoomFor(part)),
      () => this.writeNow(part)
    )
  }

  private writeNow(part: Uint8Array): boolean {
    if (this.isBroken || !this.hasRoomFor(part)) return false
    this.onWritten(part)
    this.waiting.push(part)
    this.size += part.length
    this.move()
    return true
  }

  private hasRoomFor(part: Uint8Array): boolean {
    if (this.size > 0) return this.size + part.length <= this.capacity
    return this.capacity > 0 || this.wanted > 0 || (this.outlet !== undefined && !this.isPaused)
  }

  private shift(): Uint8Array | undefined {
    const next = this.waiting.shift()
    this.size -= next?.length ?? 0
    this.changes.notify()
    return next
  }

  private move(): void {
    if (this.outlet !== undefined) {
      while (!this.isPaused && this.waiting.length > 0) this.outlet.data(this.shift() as Uint8Array)
      if (!this.isPaused && this.waiting.length === 0 && this.writers === 0) this.end()
    }
    this.changes.notify()
  }

  private end(): void {
    if (!this.hasEnded) {
      this.hasEnded = true
      this.outlet?.end()
    }
    this.changes.notify()
  }
}

const once = (release: () => void) => {
  let isReleased = false
  return () => {
    if (isReleased) return
    isReleased = true
    release()
  }
}
