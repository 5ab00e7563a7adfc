/**
 * Waiting until something holds. The condition is looked at as the wait is registered and at every `notify`, so that
 * nothing can happen unseen between a look and a wait.
 */
import * as Effect from "effect/Effect"

interface Waiter {
  readonly holds: () => boolean
  readonly resume: () => void
}

export class Wakeup {
  private waiters: Array<Waiter> = []

  notify(): void {
    if (this.waiters.length === 0) return
    const waiters = this.waiters
    this.waiters = []
    for (const waiter of waiters) {
      if (waiter.holds()) waiter.resume()
      else this.waiters.push(waiter)
    }
  }

  until(holds: () => boolean): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      if (holds()) {
        resume(Effect.void)
        return
      }
      const waiter = { holds, resume: () => resume(Effect.void) }
      this.waiters.push(waiter)
      return Effect.sync(() => {
        this.waiters = this.waiters.filter((each) => each !== waiter)
      })
    })
  }
}
