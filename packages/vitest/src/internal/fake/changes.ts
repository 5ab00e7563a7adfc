/**
 * Waiting for something of a child to become true.
 */
import * as Effect from "effect/Effect"

export class Changes {
  private readonly latch = Effect.unsafeMakeLatch()

  /** Whoever waits looks again. */
  notify(): void {
    this.latch.unsafeOpen()
    this.latch.unsafeClose()
  }

  until(holds: () => boolean): Effect.Effect<void> {
    return Effect.suspend(() => (holds() ? Effect.void : Effect.zipRight(this.latch.await, this.until(holds))))
  }
}
