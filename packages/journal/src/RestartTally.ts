/**
 * How often something has died lately: what a restart policy goes by, also after the death of who kept count.
 */
import type { FileError } from "@tether/host/FileError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ExitJournal } from "./ExitJournal.js"
import type { ExitRecord } from "./ExitRecord.js"

/**
 * What counts: deaths within `window` before now. A life that lasted for `healthyAfter` clears the tally before its own
 * death; without it, none does.
 *
 * @example
 * ```ts
 * import type { TallyOptions } from "@tether/journal/RestartTally"
 *
 * const threeInFiveSeconds: TallyOptions = { window: "5 seconds", healthyAfter: "1 minute" }
 * ```
 */
export interface TallyOptions {
  readonly window: Duration.DurationInput
  readonly healthyAfter?: Duration.DurationInput | undefined
}

/**
 * The deaths of an identity that count, read from the journal, the oldest first. Stops on purpose (`owner`, `scope`,
 * `supervisor`) are none. An end that nobody saw is on record when it is found, which may be days later: it counts if
 * its start is within the window, too. A death that is dated in the future, from before the clock was set back, does
 * not count.
 *
 * @example
 * ```ts
 * import * as RestartTally from "@tether/journal/RestartTally"
 * import * as Effect from "effect/Effect"
 *
 * const mayRestart = Effect.map(
 *   RestartTally.deaths("web", { window: "5 seconds" }),
 *   (deaths) => deaths.length <= 3
 * )
 * ```
 */
export const deaths = (
  identity: string,
  { healthyAfter, window }: TallyOptions
): Effect.Effect<ReadonlyArray<ExitRecord>, FileError, ExitJournal> =>
  Effect.gen(function* () {
    const journal = yield* ExitJournal
    const now = yield* Clock.currentTimeMillis
    const records = journal.records({ identity, since: now - Duration.toMillis(window) })
    const healthy = healthyAfter === undefined ? Number.POSITIVE_INFINITY : Duration.toMillis(healthyAfter)
    const started = new Set<string>()
    return yield* Stream.runFold(records, new Array<ExitRecord>(), (counted, record) => {
      // The clock was set back since: how long ago it was is not known, and it must not count beyond the window.
      if (record.ts > now) return counted
      if (record.ev === "session-start") {
        started.add(record.id)
        return counted
      }
      if (record.endedBy === "unknown" && !started.has(record.start ?? "")) return counted
      const before = (record.uptime ?? 0) >= healthy ? [] : counted
      return isOnPurpose(record) ? before : [...before, record]
    })
  })

const isOnPurpose = ({ endedBy }: ExitRecord): boolean =>
  endedBy === "owner" || endedBy === "scope" || endedBy === "supervisor"
