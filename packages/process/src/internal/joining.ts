/**
 * From the leader's end to the end of its output, where the end of file does not come by itself: something else holds
 * the pipe open, or a consumer is slow.
 *
 * Time is counted in slices that were slept, not read from a clock: a program that was stopped, or that computed for a
 * while, must not find that the grace has passed while it could not read.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import * as ProcessInfo from "@tether/host/ProcessInfo"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Launched } from "../ChildDriver.js"
import type { Drained } from "../ExitReport.js"
import type { Intake } from "./intake.js"
import { warn } from "./observability.js"
import type { Plan } from "./plan.js"
import { clip, formatDuration } from "./text.js"

/**
 * More than the kernel keeps of a pipe of ours (Linux: 208 KiB of socket buffer unless it was told otherwise): whatever
 * comes after this much was written after the leader's end.
 */
const kernelBuffer = 384 * 1024
/** So many turns of the loop that brought nothing show that all that was in the pipe has been read. */
const quietTurns = 3

export interface Joining {
  readonly plan: Plan
  readonly launched: Launched
  readonly clock: Clock.Clock
  readonly drains: ReadonlyArray<Intake>
  /** Completes once all drains are done. */
  readonly allDone: Effect.Effect<void>
  /** A process as it may be shown. */
  readonly shown: (process: ProcessInfo.ProcessInfo) => ProcessInfo.ProcessInfo
  /** A stop plan is at work: what it stops may still have a last word, so the grace has not begun. */
  readonly isStopping: () => boolean
}

interface Watch {
  readonly drain: Intake
  /** What had been read when the leader ended. */
  readonly receivedBefore: number
  progress: number
  /**
   * How long ago the leader ended, how long we have read since, and how long its consumers took nothing: milliseconds.
   */
  passed: number
  reading: number
  idle: number
}

export const joinDrains = (joining: Joining): Effect.Effect<Drained> =>
  Effect.gen(function* () {
    const { plan } = joining
    const drainGrace = Duration.toMillis(plan.drainGrace)
    const deliverGrace = Duration.toMillis(plan.deliverGrace)
    const slice = Math.min(50, Math.max(1, Math.min(drainGrace, deliverGrace) / 8))
    const holders = new Map<number, ProcessInfo.ProcessInfo>()
    const isDone = () => joining.drains.every((drain) => drain.isDone)
    const watches = joining.drains.map((drain): Watch => ({
      drain,
      receivedBefore: drain.received,
      progress: drain.progress,
      passed: 0,
      reading: 0,
      idle: 0
    }))
    while (!isDone()) {
      const paused = watches.map(({ drain }) => drain.isPaused)
      yield* ActiveTime.within(joining.clock, slice, joining.allDone)
      // Asked again and again, a group is known to be empty before its number can be somebody else's.
      joining.launched.presence()
      for (const [index, watch] of watches.entries()) {
        const { drain } = watch
        if (drain.isDone) continue
        const moved = drain.progress !== watch.progress
        watch.progress = drain.progress
        watch.idle = drain.hasUndelivered && !moved ? watch.idle + slice : 0
        if (!joining.isStopping()) {
          watch.passed += slice
          if (!paused[index] && !drain.isPaused) watch.reading += slice
        }
        if (drain.hasUndelivered && watch.idle >= deliverGrace) {
          drain.abandon()
          // Whoever else holds it open may do so for ever.
          joining.launched.close(drain.stream)
        } else if (!drain.isEnded && (yield* hasReadLeader(watch, drainGrace, joining.launched))) {
          for (const holder of yield* joining.launched.holders(drain.stream))
            holders.set(holder.pid, joining.shown(holder))
          joining.launched.close(drain.stream)
          drain.drained = "Cut"
          drain.end()
        }
      }
    }
    const drained = drainedOf(joining.drains, [...holders.values()])
    yield* warnOfDrained(plan, drained)
    return drained
  })

const drainedOf = (drains: ReadonlyArray<Intake>, holders: ReadonlyArray<ProcessInfo.ProcessInfo>): Drained => {
  const bytes = drains.reduce((sum, drain) => sum + drain.abandoned, 0)
  if (drains.some((drain) => drain.drained === "Stalled")) return { _tag: "Stalled", bytes }
  return drains.some((drain) => drain.drained === "Cut") ? { _tag: "Cut", holders } : { _tag: "Eof" }
}

/**
 * Whether the grace is over and all that the leader itself wrote has been read: nothing more comes, or more has come
 * than the pipe could hold. The second holds also while a slow consumer keeps us from reading.
 */
const hasReadLeader = (watch: Watch, grace: number, launched: Launched): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    const { drain, receivedBefore } = watch
    const isFlooded = () => drain.received - receivedBefore >= kernelBuffer
    if (watch.passed >= grace && isFlooded()) return true
    if (watch.reading < grace) return false
    let quiet = 0
    while (quiet < quietTurns && !isFlooded()) {
      if (drain.isEnded || drain.isPaused) return false
      const received = drain.received
      yield* launched.turn
      quiet = drain.received === received ? quiet + 1 : 0
    }
    return !drain.isEnded
  })

export const warnOfDrained = (plan: Plan, drained: Drained): Effect.Effect<void> => {
  const label = clip(plan.label)
  if (drained._tag === "Stalled") {
    return warn(
      `a consumer of the output of "${label}" took nothing for ${formatDuration(plan.deliverGrace)} after its end: ` +
        `${drained.bytes} bytes were not delivered. If it needs longer, give it longer: option "deliverGrace".`
    )
  }
  if (drained._tag === "Cut") {
    const named = drained.holders.map((holder) => ProcessInfo.format(holder)).join(", ")
    return warn(
      `the output of "${label}" was still open ${formatDuration(plan.drainGrace)} after its end, held by ` +
        `${named === "" ? "a process that cannot be seen" : named}, and is read no further. ` +
        `If its last words matter, give it longer: option "drainGrace".`
    )
  }
  return Effect.void
}
