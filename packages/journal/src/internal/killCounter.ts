/**
 * What the system counts of its kills for want of memory, for the machine and for a cgroup, and whether that has grown
 * lately.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as ActiveTime from "@tether/host/ActiveTime"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

export interface KillCounter {
  readonly look: Effect.Effect<void>
  /** Whether it has been looked at within this time, in milliseconds. */
  readonly isFresh: (within: number) => boolean
  /** How much it has grown since it was last looked at, before now. */
  readonly growth: Effect.Effect<number>
}

interface Sample {
  readonly at: number
  readonly kills: number
}

/** A death is heard of within this time, in milliseconds: what was looked at later may count it already. */
const heardOf = 100

export const makeKillCounter = (files: FileSystem.FileSystem, clock: Clock.Clock, path: string): KillCounter => {
  const now = () => ActiveTime.unsafeNow(clock)
  let askedAt = Number.NEGATIVE_INFINITY
  /** The last two, the younger one last. */
  let samples: ReadonlyArray<Sample> = []

  const read = Effect.map(Effect.option(files.readFileString(path)), (text) => {
    const found = /^oom_kill (\d+)$/m.exec(Option.getOrElse(text, () => ""))
    return found === null ? undefined : Number(found[1])
  })

  // One at a time: who asks for the growth waits for a look that has begun.
  const alone = Effect.unsafeMakeSemaphore(1).withPermits(1)

  return {
    look: Effect.suspend(() => {
      const at = now()
      askedAt = at
      return alone(
        Effect.map(read, (kills) => {
          if (kills !== undefined) samples = [...samples.slice(-1), { at, kills }]
        })
      )
    }),
    isFresh: (within) => now() - askedAt < within,
    growth: alone(
      Effect.gen(function* () {
        const latest = now() - heardOf
        const before = samples.findLast(({ at }) => at <= latest) ?? samples[0]
        const kills = before === undefined ? undefined : yield* read
        return before === undefined || kills === undefined ? 0 : kills - before.kills
      })
    )
  }
}
