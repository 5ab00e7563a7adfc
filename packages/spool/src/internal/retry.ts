/**
 * The next attempt to drain a file that has failed records, and the reason of the failure.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { stateOf } from "./keeping.js"
import { countOf } from "./progress.js"
import type { Setting } from "./setting.js"
import { isAbout, type State } from "./state.js"

/**
 * The next attempt to drain a file.
 *
 * - `at`: the earliest time, in milliseconds since the epoch. It is due if that is not in the future.
 * - `attempts`: the number of failed attempts so far.
 * - `unsettled`: the number of records that the handler did not take.
 * - `error`: the first error.
 *
 * @example
 * ```ts
 * import type { Retry } from "@tether/spool/Spool"
 *
 * const line = ({ at, error }: Retry) => `${new Date(at).toISOString()}: ${error}`
 * ```
 */
export interface Retry {
  readonly at: number
  readonly attempts: number
  readonly unsettled: number
  readonly error: string
}

/** Undefined for a file without failed records. */
export const retryOf = <A>(
  setting: Setting<A>,
  name: string
): Effect.Effect<Retry | undefined, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const state = yield* stateOf(setting, name)
    if (state === undefined || state.nextAt === 0 || !(yield* isOf(setting.directory, name, state))) return undefined
    const { attempts, firstError = "not known", nextAt } = state
    const at = dueAt(setting, nextAt, yield* Clock.currentTimeMillis)
    return { at, attempts, unsettled: countOf(state), error: firstError }
  })

/** A time beyond the longest wait was written by a clock that was wrong: the attempt is due now. */
export const dueAt = <A>({ longestWait }: Setting<A>, nextAt: number, now: number): number =>
  nextAt > now + longestWait ? now : nextAt

/** Whether a state describes the file that has this name now. */
export const isOf = (
  directory: string,
  name: string,
  state: State
): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(`${directory}/${name}`)).pipe(
    Effect.map((info) => isAbout(state, info)),
    Effect.orElseSucceed(() => false)
  )
