/**
 * Many turns, and so many of them at once.
 */
import { ChildSpawner } from "@tether/process/ChildSpawner"
import type { SpawnError } from "@tether/process/SpawnError"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { TurnRequest } from "./AgentTurn.js"
import { Pool } from "./internal/pool.js"
import type { Terminal, TurnEvent } from "./TurnEvent.js"

/**
 * - `concurrency`: how many turns run at once; the others wait, and the one that came first is the first to go on.
 * - `perDirectory`: whether two turns of one `cwd`, as it is written, never run at once. Default false. One that waits
 *   for that holds up no other.
 * - `keep`: of how many turns that are over the outcome is kept. Default 1000: those that ended last.
 *
 * @example
 * ```ts
 * import type { PoolOptions } from "@tether/agent/AgentPool"
 *
 * const options: PoolOptions = { concurrency: 4, perDirectory: true }
 * ```
 */
export interface PoolOptions {
  readonly concurrency: number
  readonly perDirectory?: boolean | undefined
  readonly keep?: number | undefined
}

/**
 * A turn that is in the pool: it waits, or it runs.
 *
 * @example
 * ```ts
 * import type { Listed } from "@tether/agent/AgentPool"
 *
 * const line = (listed: Listed) => `${listed.turnId}: ${listed.state}`
 * ```
 */
export interface Listed {
  readonly turnId: string
  readonly cwd: string
  readonly state: "waiting" | "running"
}

/**
 * Turns with a bound.
 *
 * - `run`: a turn as a stream, as `AgentTurn.run`, which begins when there is a place for it. Its `turnId` is that of
 *   no other turn in the pool, else it is refused.
 * - `cancel`: cancels a turn, also one that still waits, which then starts nothing. Answers with how it ended; with
 *   none where there is no such turn in the pool.
 * - `list`: what is in the pool. A turn leaves it with its terminal event.
 * - `outcome`: how a turn has ended.
 *
 * @example
 * ```ts
 * import type { AgentPool } from "@tether/agent/AgentPool"
 * import type { TurnRequest } from "@tether/agent/AgentTurn"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const all = (pool: AgentPool, requests: ReadonlyArray<TurnRequest>) =>
 *   Effect.forEach(requests, (request) => Stream.runLast(pool.run(request)), { concurrency: "unbounded" })
 * ```
 */
export interface AgentPool {
  readonly run: (request: TurnRequest) => Stream.Stream<TurnEvent, SpawnError>
  readonly cancel: (turnId: string) => Effect.Effect<Option.Option<Terminal>>
  readonly list: Effect.Effect<ReadonlyArray<Listed>>
  readonly outcome: (turnId: string) => Effect.Effect<Option.Option<Terminal>>
}

/**
 * Makes a pool. Its turns belong to the scopes in which their streams run.
 *
 * @example
 * ```ts
 * import * as AgentPool from "@tether/agent/AgentPool"
 * import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const program = Effect.gen(function* () {
 *   const pool = yield* AgentPool.make({ concurrency: 2 })
 *   const ask = (prompt: string) => ({
 *     turnId: prompt,
 *     adapter: ClaudeAdapter.claude,
 *     cwd: "/home/dev/project",
 *     prompt
 *   })
 *   yield* Effect.forEach(["one", "two", "three"], (prompt) => Stream.runDrain(pool.run(ask(prompt))), {
 *     concurrency: 3
 *   })
 *   return yield* pool.outcome("three")
 * })
 * ```
 */
export const make = (options: PoolOptions): Effect.Effect<AgentPool, never, ChildSpawner> =>
  Effect.flatMap(ChildSpawner, (spawner) => {
    const { concurrency } = options
    if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
      return Effect.dieMessage(`concurrency is a whole number above 0, and not ${concurrency}`)
    }
    return Effect.succeed(new Pool(options, spawner))
  })
