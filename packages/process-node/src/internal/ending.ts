/**
 * Orphans asked to end, waited for, and killed where they do not go.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { isGone, livenessOf, type Machine } from "./machine.js"
import { findOrphans, type Orphan, signalOrphan } from "./orphans.js"

export interface Outcome {
  readonly ended: ReadonlyArray<Orphan>
  readonly survivors: ReadonlyArray<Orphan>
  /** Not signalled. */
  readonly foreign: ReadonlyArray<Orphan>
}

/** How long SIGKILL may take to be felt. */
const patience = Duration.seconds(5)

export const endOrphans = (machine: Machine, grace: Duration.Duration): Effect.Effect<Outcome> =>
  Effect.gen(function* () {
    const met = new Map<string, Orphan>()
    const foreign = new Map<string, Orphan>()
    const lives = ({ stat }: Orphan) => !isGone(machine, stat)

    /**
     * Looks for orphans and does it to those to whom it was not done yet. They may fork, so it is over when none is
     * new.
     */
    const sweep = (doneTo: Set<string>, act: (orphan: Orphan) => boolean) => (): boolean => {
      // Who was one stays one: what showed it may be gone by now.
      const found = new Map(
        [...[...met.values()].filter(lives), ...findOrphans(machine)].map((each) => [keyOf(each), each])
      )
      for (const orphan of found.values()) if (orphan.isForeign) foreign.set(keyOf(orphan), orphan)
      const orphans = [...found.values()].filter((orphan) => !orphan.isForeign && !doneTo.has(keyOf(orphan)))
      for (const orphan of orphans) {
        met.set(keyOf(orphan), orphan)
        if (act(orphan)) doneTo.add(keyOf(orphan))
      }
      return orphans.length === 0 && ![...met.values()].some(lives)
    }

    if (Duration.toMillis(grace) > 0) {
      yield* repeatFor(
        grace,
        sweep(new Set(), (orphan) => ask(machine, orphan))
      )
    }
    yield* repeatFor(
      patience,
      sweep(new Set(), (orphan) => signalOrphan(machine, orphan, "SIGKILL"))
    )
    const all = [...met.values()]
    return {
      ended: all.filter((orphan) => !lives(orphan)),
      survivors: all.filter(lives),
      foreign: [...foreign.values()]
    }
  })

/** Between two looks, in milliseconds: each is a sweep of the machine's processes. */
const pause = 20

/** Once at least, and again until it answers that it is over, or the time is. */
const repeatFor = (time: Duration.Duration, isOver: () => boolean): Effect.Effect<void> =>
  Effect.gen(function* () {
    const until = ActiveTime.unsafeNow(ActiveTime.clock) + Duration.toMillis(time)
    while (!isOver()) {
      const left = until - ActiveTime.unsafeNow(ActiveTime.clock)
      if (left <= 0) return
      yield* ActiveTime.clock.sleep(Duration.millis(Math.min(left, pause)))
    }
  })

const ask = (machine: Machine, orphan: Orphan): boolean => {
  const { lost, path } = orphan
  // Whom a host below has started is asked by that host, in its own order, as long as it lives.
  const below = path.slice(path.indexOf(lost) + 1)
  if (below.some((step) => livenessOf(machine, step.host) !== "gone")) return false
  const wasAsked = signalOrphan(machine, orphan, "SIGTERM")
  // What is stopped hears of it only when it goes on.
  signalOrphan(machine, orphan, "SIGCONT")
  return wasAsked
}

const keyOf = ({ stat }: Orphan): string => `${stat.pid} ${stat.startTicks}`
