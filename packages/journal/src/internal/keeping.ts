/**
 * Writing within a bound, for records that nobody may wait for: whatever becomes of them, the child goes on. A disk
 * takes real time, whatever clock the fibers have whose children are recorded.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import type { FileError } from "@tether/host/FileError"
import * as TerminalText from "@tether/host/TerminalText"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import type * as Scope from "effect/Scope"
import type { ExitRecord } from "../ExitRecord.js"

/** So long is a child's end kept from being seen. */
const bound = Duration.seconds(1)

/** How often it is looked whether a record is too late. */
const lookEvery = Duration.millis(100)

export interface Keeping {
  /** Begins to write a record. If that fails or takes too long, it is counted, and said the first time. */
  readonly begin: (record: ExitRecord) => Effect.Effect<Kept>
  /** Completes when all that was begun is written, or was given up. */
  readonly settled: Effect.Effect<void>
  readonly losses: Effect.Effect<number>
}

/** Completes when it is written, or was given up. */
export type Kept = Effect.Effect<void>

interface Pending {
  readonly record: ExitRecord
  readonly since: number
  readonly done: Deferred.Deferred<void>
}

export const makeKeeping = (
  write: (record: ExitRecord) => Effect.Effect<void, FileError>
): Effect.Effect<Keeping, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const pending = new Set<Pending>()
    let losses = 0
    let isLooking = false

    const end = (each: Pending, problem: string | undefined): Effect.Effect<void> => {
      // The bound and the write may both come to an end.
      if (!pending.delete(each)) return Effect.void
      const first = problem !== undefined && ++losses === 1 ? each.record.identity : undefined
      return Effect.zipRight(
        first === undefined
          ? Effect.void
          : Effect.logError(
              `the exit journal loses records, of which this is the first (${TerminalText.quote(first)}): ${problem}`
            ),
        Deferred.succeed(each.done, undefined)
      )
    }

    // One timer for all of them: hundreds a second are written, and hardly one is too late.
    const giveUpLate = Effect.gen(function* () {
      while (pending.size > 0) {
        yield* ActiveTime.clock.sleep(lookEvery)
        const latest = ActiveTime.unsafeNow(ActiveTime.clock) - Duration.toMillis(bound)
        for (const each of pending) {
          if (each.since <= latest) yield* end(each, `not written within ${Duration.format(bound)}`)
        }
      }
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          isLooking = false
        })
      )
    )
    const look = Effect.suspend(() => {
      if (isLooking) return Effect.void
      isLooking = true
      return Effect.asVoid(Effect.forkIn(Effect.interruptible(giveUpLate), scope))
    })

    const settled = Effect.suspend(() =>
      Effect.forEach([...pending], ({ done }) => Deferred.await(done), { discard: true })
    )
    yield* Effect.addFinalizer(() => ActiveTime.within(ActiveTime.clock, bound, Effect.disconnect(settled)))

    return {
      begin: (record) =>
        Effect.suspend(() => {
          const since = ActiveTime.unsafeNow(ActiveTime.clock)
          const each: Pending = { record, since, done: Deferred.unsafeMake(FiberId.none) }
          pending.add(each)
          const written = Effect.flatMap(Effect.exit(write(record)), (exit) =>
            end(each, Exit.isSuccess(exit) ? undefined : (Cause.prettyErrors(exit.cause)[0]?.message ?? "interrupted"))
          )
          // A write that hangs cannot be interrupted, and is not waited for.
          return Effect.zipRight(Effect.forkDaemon(written), Effect.as(look, Deferred.await(each.done)))
        }),
      settled,
      losses: Effect.sync(() => losses)
    }
  })
