/**
 * When a file of which something was not taken is tried again, and why it was not.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { stateOf } from "./keeping.js"
import { countOf } from "./progress.js"
import type { Setting } from "./setting.js"
import { isAbout, type State } from "./state.js"

/**
 * The next try of a file: not before `at`, in milliseconds since the epoch, after `attempts` tries. `unsettled` is how
 * many of its records were not taken, and `error` the first thing that went wrong.
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

/** Of a file of which nothing was refused, there is none. */
export const retryOf = <A>(
  setting: Setting<A>,
  name: string
): Effect.Effect<Retry | undefined, never, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const state = yield* stateOf(setting, name)
    if (state === undefined || state.nextAt === 0 || !(yield* isOf(setting.directory, name, state))) return undefined
    const { attempts, firstError = "not known", nextAt } = state
    return { at: nextAt, attempts, unsettled: countOf(state), error: firstError }
  })

/** No try is further away than the longest wait: the clock was wrong that said so. */
export const isAhead = <A>({ longestWait }: Setting<A>, at: number, now: number): boolean =>
  at > now && at <= now + longestWait

/** Whether a state is about the file that has the name now. */
export const isOf = (
  directory: string,
  name: string,
  state: State
): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(`${directory}/${name}`)).pipe(
    Effect.map((info) => isAbout(state, info)),
    Effect.orElseSucceed(() => false)
  )
