/**
 * A session as a program has it in hand.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import { type Liveness, ProcessIdentity } from "@tether/host/ProcessIdentity"
import type * as Redactor from "@tether/process/Redactor"
import type * as StopPlan from "@tether/process/StopPlan"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { DeliveryFailed } from "../DeliveryFailed.js"
import { LaunchRefused } from "../LaunchRefused.js"
import type { SessionStuck } from "../SessionStuck.js"
import type { TmuxFailed } from "../TmuxFailed.js"
import { deliver, type SendOptions } from "./delivery.js"
import type { Facts } from "./facts.js"
import { writtenWithin } from "./log.js"
import { press, screenOf } from "./pane.js"
import { endOf, isGone, programOf, type SessionEnd, stepsOf, stopSession } from "./stop.js"
import type { TmuxService } from "./tmux.js"
import { until } from "./within.js"

/**
 * How a session is stopped: `plan`, signals only, default that of its launch; `reason`, a word for the journal, default
 * `"stop"`. The secrets of a launch are replaced in the reason by the session that `launch` returns; a session that was
 * found knows none.
 *
 * @example
 * ```ts
 * import * as StopPlan from "@tether/process/StopPlan"
 * import type { StopOptions } from "@tether/tmux/TmuxSession"
 *
 * const gently: StopOptions = { plan: StopPlan.make(StopPlan.signal("SIGINT", "30 seconds")), reason: "idle" }
 * ```
 */
export interface StopOptions {
  readonly plan?: StopPlan.StopPlan | undefined
  readonly reason?: string | undefined
}

/**
 * A session, be it launched here or found.
 *
 * - `identity`; `id` and `pane`, by which tmux knows it; `launchedAt`, in milliseconds since the epoch; `command`;
 *   `logFile`; `exitLogDir`.
 * - `shimPid`: the process of its pane, the shim, which is the parent of the program. `pid`: that of the program; none
 *   where the program has ended, or where the shim does not answer within a second.
 * - `send(text)`: delivers a text and submits it. `press(keys)`: keys by tmux's names. `screen`: what it shows.
 * - `liveness`: whether what runs in it lives. `unknown` is an answer: whoever gets it neither kills nor restarts.
 * - `stop(options)`: ends all that runs in it, and records that it was on purpose. It is over when this returns, with
 *   its log complete. The end of one that had ended already is what is on record of it.
 * - `ended`: completes when it has ended, however that came, with what is on record of it.
 *
 * @example
 * ```ts
 * import type { TmuxSession } from "@tether/tmux/TmuxSession"
 * import * as Effect from "effect/Effect"
 *
 * const ask = (session: TmuxSession) => Effect.zipRight(session.send("what is new?"), session.screen)
 * ```
 */
export interface TmuxSession {
  readonly identity: string
  readonly id: string
  readonly pane: string
  readonly shimPid: number
  readonly pid: Effect.Effect<Option.Option<number>>
  readonly launchedAt: number
  readonly command: string
  readonly logFile: string
  readonly exitLogDir: string | undefined
  readonly send: (text: string, options?: SendOptions) => Effect.Effect<void, DeliveryFailed>
  readonly press: (...keys: ReadonlyArray<string>) => Effect.Effect<void, TmuxFailed>
  readonly screen: Effect.Effect<string, TmuxFailed>
  readonly liveness: Effect.Effect<Liveness>
  readonly stop: (options?: StopOptions) => Effect.Effect<SessionEnd, SessionStuck | LaunchRefused>
  readonly ended: Effect.Effect<SessionEnd>
}

export const makeHandle = (
  tmux: TmuxService,
  facts: Facts,
  redactor: Redactor.Redactor
): Effect.Effect<TmuxSession, never, FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<FileSystem.FileSystem | ProcessIdentity>()
    const processes = yield* ProcessIdentity
    const liveness = processes.liveness(facts.shim)
    const isAlive = Effect.map(liveness, (state) => state !== "gone")
    const provided = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | ProcessIdentity>) =>
      Effect.provide(effect, context)
    return {
      identity: facts.identity,
      id: facts.session,
      pane: facts.pane,
      shimPid: facts.shim.pid,
      pid: programOf(facts),
      launchedAt: facts.launchedAt,
      command: facts.command,
      logFile: facts.logFile,
      exitLogDir: facts.exitLogDir,
      liveness,
      send: (text, options = {}) =>
        provided(deliver(tmux, facts, text, options, { beforeSubmit: Effect.void, isAlive })),
      press: (...keys) => press(tmux, facts.pane, keys),
      screen: screenOf(tmux, facts.pane),
      stop: ({ plan, reason = "stop" } = {}) => {
        const steps = plan === undefined ? facts.stop : stepsOf(plan)
        return steps === undefined
          ? Effect.fail(
              new LaunchRefused({ identity: facts.identity, problems: ["plan has steps that are no signals"] })
            )
          : provided(stopSession(tmux, facts, steps, redactor.redact(reason)))
      },
      ended: provided(
        Effect.gen(function* () {
          yield* until(isGone(facts))
          const end = yield* endOf(facts)
          // The writer ends when tmux has removed the pane.
          yield* writtenWithin(facts.unwritten, "5 seconds")
          return end
        })
      )
    }
  })
