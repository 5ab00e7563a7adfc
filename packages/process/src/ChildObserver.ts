/**
 * Who is told of the life of every child, before anyone else can know: a journal, a metric, a test.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { EndedBy, ExitReport } from "./ExitReport.js"
import type { ExitStatus } from "./ExitStatus.js"
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
 * An optional service: where it is provided, each child reports to it.
 *
 * - `spawned` is run once the child is registered, before its handle is handed out;
 * - `exited` before the handle's `exited` completes, so that no one acts on a death that is not yet on record;
 * - `gone` before the handle's `gone` completes, with the report, or with the error that names the survivors.
 *
 * Each call is given `timeout` (default one second; `Duration.infinity` for one that sees to it itself). A call that
 * fails, dies or is too slow is logged as a warning and changes nothing for the child.
 *
 * @example
 * ```ts
 * import { ChildObserver } from "@tether/process/ChildObserver"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const deaths = Layer.succeed(ChildObserver, {
 *   spawned: () => Effect.void,
 *   exited: (child) => Effect.logInfo(`${child.label} ended`),
 *   gone: () => Effect.void
 * })
 * ```
 */
export class ChildObserver extends Context.Tag("@tether/process/ChildObserver")<
  ChildObserver,
  {
    readonly spawned: (child: Spawned) => Effect.Effect<unknown, unknown>
    readonly exited: (child: Ended) => Effect.Effect<unknown, unknown>
    readonly gone: (child: Spawned, end: ExitReport | SurvivorsError) => Effect.Effect<unknown, unknown>
    readonly timeout?: Duration.DurationInput | undefined
  }
>() {}
