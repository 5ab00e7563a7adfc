/**
 * Observers of the life of every child: a journal, a metric, a test.
 */
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { EndedBy, ExitReport } from "./ExitReport.js"
import type { ExitStatus } from "./ExitStatus.js"
import { added, withoutObservers } from "./internal/observers.js"
import type { SurvivorsError } from "./SurvivorsError.js"

/**
 * A child that has been spawned, secrets replaced. `cwd` is the directory in which it was started, in full, if that is
 * known. `startedAt` is in milliseconds since the epoch.
 *
 * @example
 * ```ts
 * import type { Spawned } from "@tether/process/ChildObserver"
 *
 * const line = (child: Spawned) => `${child.pid} ${child.command} ${child.args.join(" ")}`
 * ```
 */
export interface Spawned {
  readonly label: string
  readonly pid: number
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string | undefined
  readonly startedAt: number
}

/**
 * The end of a child's leader, before its output is drained. `stopStep` is the step of a stop plan that was at work, as
 * `StopPlan.nameOf` calls it; `stderr` is the tail, with all that the leader wrote unless a slow reader holds it back.
 *
 * @example
 * ```ts
 * import type { Ended } from "@tether/process/ChildObserver"
 *
 * const wasOurs = (ended: Ended) => ended.endedBy === "owner" || ended.endedBy === "scope"
 * ```
 */
export interface Ended extends Spawned {
  readonly status: ExitStatus
  readonly endedBy: EndedBy
  readonly stopStep: string | undefined
  readonly duration: Duration.Duration
  readonly stderr: string
}

/**
 * Runs when a child begins and ends, before its handle shows it:
 *
 * - `spawned` once the child is registered, before its handle is handed out;
 * - `exited` before the handle's `exited` completes, so that no one acts on a death that is not yet on record;
 * - `gone` before the handle's `gone` completes, with the report, or with the error that names the survivors.
 *
 * Each call is given `timeout` (default one second; `Duration.infinity` for an observer with a bound of its own). A
 * call that fails, dies or is too slow is logged as a warning and changes nothing for the child or for other observers.
 *
 * @example
 * ```ts
 * import type { ChildObserver } from "@tether/process/ChildObserver"
 * import * as Effect from "effect/Effect"
 *
 * const deaths: ChildObserver = {
 *   spawned: () => Effect.void,
 *   exited: (child) => Effect.logInfo(`${child.label} ended`),
 *   gone: () => Effect.void
 * }
 * ```
 */
export interface ChildObserver {
  readonly spawned: (child: Spawned) => Effect.Effect<unknown, unknown>
  readonly exited: (child: Ended) => Effect.Effect<unknown, unknown>
  readonly gone: (child: Spawned, end: ExitReport | SurvivorsError) => Effect.Effect<unknown, unknown>
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * Adds an observer, as `Logger.add` adds a logger. Any number of layers add up, nested or merged. The calls of one
 * moment are made one after the other: the observers of outer layers first, merged ones in their order. The same
 * observer is added once.
 *
 * @example
 * ```ts
 * import * as ChildObserver from "@tether/process/ChildObserver"
 * import * as Effect from "effect/Effect"
 *
 * const deaths = ChildObserver.layer({
 *   spawned: () => Effect.void,
 *   exited: (child) => Effect.logInfo(`${child.label} ended`),
 *   gone: () => Effect.void
 * })
 * ```
 */
export const layer = (observer: ChildObserver): Layer.Layer<never> => added(observer)

/**
 * Runs an effect whose children no observer sees: helpers of a library, which are not the user's.
 *
 * @example
 * ```ts
 * import * as ChildObserver from "@tether/process/ChildObserver"
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 *
 * const version = ChildObserver.unobserved(Supervise.string(Command.make("tmux", "-V")))
 * ```
 */
export const unobserved = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.mapInputContext(effect, (context: Context.Context<R>) => withoutObservers(context))
