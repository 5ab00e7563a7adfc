/**
 * Events on their way from who reads the agent to who reads the turn: they wait in memory up to a bound, and then the
 * reading waits.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/** While the agent runs. It is held back at more. */
const usual = 1024 * 1024
/**
 * Once it is over or is being stopped: then all of what it still writes is wanted, and it could not end if nobody read
 * that.
 */
const last = 64 * 1024 * 1024

export class Backlog<A> {
  private events: Array<A> = []
  private bytes = 0
  private limit = usual
  private isDiscarding = false
  private hasEnded = false
  private readonly filled = Effect.unsafeMakeLatch(false)
  private readonly room = Effect.unsafeMakeLatch(true)
  /** Whether the reading waits for who reads the turn. */
  isHeld = false

  /**
   * Hands over, at once. What is returned is to be awaited before more is read; nothing is returned where there is
   * room.
   */
  offer(events: ReadonlyArray<A>, bytes: number): Effect.Effect<void> | undefined {
    if (this.isDiscarding || this.hasEnded || events.length === 0) return undefined
    for (const event of events) this.events.push(event)
    this.bytes += bytes
    this.filled.unsafeOpen()
    if (this.bytes <= this.limit) return undefined
    this.room.unsafeClose()
    return Effect.suspend(() => {
      this.isHeld = true
      return this.room.await
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          this.isHeld = false
        })
      )
    )
  }

  /** From here on there is more room. */
  widen(): void {
    this.limit = last
    if (this.bytes <= this.limit) this.room.unsafeOpen()
  }

  /** Nobody reads any more: what comes is thrown away, and nothing waits. */
  discard(): void {
    this.isDiscarding = true
    this.events = []
    this.bytes = 0
    this.room.unsafeOpen()
  }

  /** These are the last. */
  end(events: ReadonlyArray<A>): void {
    this.offer(events, 0)
    this.hasEnded = true
    this.room.unsafeOpen()
    this.filled.unsafeOpen()
  }

  /** The events, each given once. */
  readonly stream: Stream.Stream<A> = Stream.repeatEffectChunkOption(Effect.suspend(() => this.take()))

  private take(): Effect.Effect<Chunk.Chunk<A>, Option.Option<never>> {
    if (this.events.length > 0) {
      const taken = this.events
      this.events = []
      this.bytes = 0
      this.room.unsafeOpen()
      return Effect.succeed(Chunk.unsafeFromArray(taken))
    }
    if (this.hasEnded) return Effect.fail(Option.none())
    this.filled.unsafeClose()
    return Effect.zipRight(
      this.filled.await,
      Effect.suspend(() => this.take())
    )
  }
}
