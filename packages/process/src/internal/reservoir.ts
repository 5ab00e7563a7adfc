/**
 * What a child has written to one stream and nobody has read yet, for readers that come when they like, or never.
 *
 * It holds one MiB. When it is full and nobody reads, either the child is held back, or the oldest bytes are dropped
 * and counted, and the next reader fails with their number before it gets what is left. What was in the pipes when the
 * child ended comes on top: no end of the child is waited for by then, and nothing more is held back.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Wakeup } from "./wakeup.js"

const limit = 1024 * 1024

/** What is known of the child, where it decides whether unread bytes may hold it back. */
export interface Circumstances {
  /** Somebody waits for its end, or has it stopped. */
  readonly isEndAwaited: () => boolean
  readonly hasExited: () => boolean
}

export class Reservoir<E> {
  private readonly chunks: Array<Uint8Array> = []
  private held = 0
  private lost = 0
  private readers = 0
  /** Somebody has read and left: what comes now has no reader to wait for. */
  private wasRead = false
  private isEnded = false
  private readonly arrived = new Wakeup()
  /** Told of everything that may let a full reservoir go on. */
  private readonly eased = new Wakeup()

  constructor(
    private readonly alwaysFlows: boolean,
    private readonly circumstances: Circumstances,
    private readonly onLost: (bytes: number) => E
  ) {}

  /** Takes a chunk, at once or when there is room for it. */
  offer(chunk: Uint8Array): Effect.Effect<void> {
    if (this.isStuck())
      return Effect.zipRight(
        this.eased.until(() => !this.isStuck()),
        Effect.sync(() => this.put(chunk))
      )
    this.put(chunk)
    return Effect.void
  }

  /** Something has changed in the circumstances. */
  ease(): void {
    this.eased.notify()
  }

  end(): void {
    this.isEnded = true
    this.arrived.notify()
  }

  /**
   * What is held, then what comes, then the end. Readers at the same time share it; one that leaves loses nothing to
   * the next.
   */
  readonly stream: Stream.Stream<Uint8Array, E> = Stream.fromPull(
    Effect.as(
      Effect.acquireRelease(
        Effect.sync(() => {
          this.readers++
        }),
        () =>
          Effect.sync(() => {
            this.readers--
            this.wasRead = true
            this.ease()
          })
      ),
      Effect.suspend(() => this.take())
    )
  )

  private take(): Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<E>> {
    if (this.lost > 0) {
      const error = this.onLost(this.lost)
      this.lost = 0
      return Effect.fail(Option.some(error))
    }
    const chunk = this.chunks.shift()
    if (chunk !== undefined) {
      this.held -= chunk.length
      this.ease()
      return Effect.succeed(Chunk.of(chunk))
    }
    if (this.isEnded) return Effect.fail(Option.none())
    return Effect.zipRight(
      this.arrived.until(() => this.chunks.length > 0 || this.isEnded),
      Effect.suspend(() => this.take())
    )
  }

  private get capacity(): number {
    return this.circumstances.hasExited() ? 2 * limit : limit
  }

  private isStuck(): boolean {
    return this.held >= this.capacity && !this.flows()
  }

  /** Whether what is too much is dropped. Else the child is held back. */
  private flows(): boolean {
    if (this.readers > 0) return false
    return this.alwaysFlows || this.wasRead || this.circumstances.isEndAwaited() || this.circumstances.hasExited()
  }

  private put(chunk: Uint8Array): void {
    this.chunks.push(chunk)
    this.held += chunk.length
    while (this.held > this.capacity && this.flows()) {
      const oldest = this.chunks.shift() as Uint8Array
      this.held -= oldest.length
      this.lost += oldest.length
    }
    this.arrived.notify()
  }
}
