/**
 * What there was before an effect, and what is more since.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import { hasProperty } from "effect/Predicate"
import * as Children from "./children.js"
import * as Descriptors from "./descriptors.js"
import { Fibers } from "./fibers.js"
import * as Processes from "./processes.js"
import { now, pause } from "./realTime.js"
import { Resources } from "./resources.js"

export class Watch {
  readonly fibers = new Fibers()
  private readonly before = Processes.areVisible()
    ? { children: Children.look(), descriptors: Descriptors.look() }
    : undefined
  private readonly resources: Resources

  constructor(root: FiberId.Runtime) {
    this.resources = new Resources(root, FiberId.unsafeMake())
  }

  end(): void {
    this.resources.end()
    this.fibers.end()
  }

  /** A line for each leak there is now. */
  leaks(): ReadonlyArray<string> {
    return [...this.processes(), ...this.descriptors(), ...this.resources.timers(), ...this.fibers.running()]
  }

  /** What is still there after so many milliseconds of real time; nothing, as soon as nothing is. */
  settled(within: number): Effect.Effect<ReadonlyArray<string>> {
    const deadline = now() + within
    const look: Effect.Effect<ReadonlyArray<string>> = Effect.suspend(() => {
      const leaks = this.leaks()
      return leaks.length === 0 || now() >= deadline
        ? Effect.succeed(leaks)
        : Effect.zipRight(
            pause(Math.min(interval, deadline - now()), (create) => this.resources.unseen(create)),
            look
          )
    })
    return Effect.zipRight(withoutWarning, look)
  }

  private processes(): ReadonlyArray<string> {
    return this.before === undefined
      ? []
      : Children.leaked(this.before.children, (pid) => this.resources.originOfProcess(pid))
  }

  private descriptors(): ReadonlyArray<string> {
    if (this.before === undefined) return []
    return Descriptors.added(this.before.descriptors).flatMap(([fd, target]) => {
      const origin = this.resources.originOfDescriptor(fd)
      return origin === "reaper" ? [] : [`descriptor ${fd} ${target}${origin}`]
    })
  }
}

/** Between two looks, in milliseconds. */
const interval = 10

/**
 * A fiber that sleeps under `TestClock` starts one that warns five seconds later that nobody adjusts the clock. It is
 * no leak of the effect's.
 */
const withoutWarning: Effect.Effect<void> = Clock.clockWith((clock) =>
  hasProperty(clock, "warningDone") && typeof clock.warningDone === "function"
    ? (clock.warningDone() as Effect.Effect<void>)
    : Effect.void
)
