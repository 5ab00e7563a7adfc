/**
 * What a turn is asked for with, and what is had of it.
 */
import type { StopPlan } from "@tether/process/StopPlan"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import type { AgentAdapter, Prompt } from "../AgentAdapter.js"
import type { Terminal, TurnEvent } from "../TurnEvent.js"

/**
 * How long a turn may take. All of it is unbounded where nothing is said: a tool may be silent for as long as it works.
 *
 * - `startup`: until the first line. `idle`: between two lines, while we are not the ones who hold it back. `total`:
 *   until the result.
 *
 * @example
 * ```ts
 * import type { Timeouts } from "@tether/agent/AgentTurn"
 *
 * const timeouts: Timeouts = { startup: "1 minute", idle: "15 minutes", total: "2 hours" }
 * ```
 */
export interface Timeouts {
  readonly startup?: Duration.DurationInput | undefined
  readonly idle?: Duration.DurationInput | undefined
  readonly total?: Duration.DurationInput | undefined
}

/**
 * How an agent's process is run. All of it is optional.
 *
 * - `binary`: its program: a path, or a name that is looked for along the PATH. Default: the adapter's.
 * - `env`: over the inherited environment; `undefined` removes a variable, and a `Redacted` value is replaced in
 *   labels, errors, notices and stderr, and not in what the agent says on stdout.
 * - `maxLineBytes`: a line may be so long; of a longer one there is a `Notice`. Default 16 MiB.
 * - `stop`: how it is stopped. Default: SIGINT, which it may answer by ending its turn, three seconds, SIGTERM, three
 *   seconds, SIGKILL; what it leaves behind gets SIGTERM. It reaches the tree: the servers and shells that it
 *   has started too.
 * - `leftoverGrace`: how long what it leaves behind may take to end by itself: a program that it runs at the end of the
 *   turn, such as codex's `notify`. Default 2 s. Then it is stopped, and named in a `Notice`.
 * - `afterResult`: how long its process may live after its result. Default 30 s. Then it is stopped.
 * - `stuckIs`: whether a turn whose process had to be stopped so is `"completed"` (default) or `"failed"`.
 * - `timeouts`: see {@link Timeouts}.
 *
 * @example
 * ```ts
 * import type { ProcessOptions } from "@tether/agent/AgentTurn"
 * import * as Redacted from "effect/Redacted"
 *
 * const options: ProcessOptions = {
 *   binary: "/opt/agents/claude",
 *   env: { ANTHROPIC_API_KEY: Redacted.make("…") },
 *   afterResult: "5 seconds"
 * }
 * ```
 */
export interface ProcessOptions {
  readonly binary?: string | undefined
  readonly env?: Readonly<Record<string, string | Redacted.Redacted | undefined>> | undefined
  readonly maxLineBytes?: number | undefined
  readonly stop?: StopPlan | undefined
  readonly leftoverGrace?: Duration.DurationInput | undefined
  readonly afterResult?: Duration.DurationInput | undefined
  readonly stuckIs?: "completed" | "failed" | undefined
  readonly timeouts?: Timeouts | undefined
}

/**
 * A turn that is asked for: what is asked (see `AgentAdapter.Prompt`), of whom, and how its process is run.
 *
 * @example
 * ```ts
 * import type { TurnRequest } from "@tether/agent/AgentTurn"
 * import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
 *
 * const request: TurnRequest = {
 *   turnId: "17",
 *   adapter: ClaudeAdapter.claude,
 *   cwd: "/home/dev/project",
 *   prompt: "and now the tests",
 *   resumeSessionId: "11111111-2222-4333-8444-555555555555",
 *   permissionMode: "acceptEdits",
 *   timeouts: { total: "1 hour" }
 * }
 * ```
 */
export interface TurnRequest extends Prompt, ProcessOptions {
  readonly adapter: AgentAdapter
}

/**
 * A turn that runs.
 *
 * - `events`: what happens in it. Each event is given once, so it is read by one reader. A reader that is slow holds
 *   the agent back once 1 MiB waits here; one that leaves before the last event cancels the turn.
 * - `cancel`: stops it, and answers when it is over. After the exit it changes nothing. `kill` is a cancel that waits
 *   for nothing: SIGKILL at once, also after a `cancel`.
 * - `outcome`: its terminal event, once its process is gone. It reads no events: where nobody does, an agent that
 *   writes much is held back for ever.
 *
 * @example
 * ```ts
 * import type { Turn } from "@tether/agent/AgentTurn"
 * import * as Effect from "effect/Effect"
 *
 * const atMost = (turn: Turn) => Effect.zipRight(Effect.sleep("1 minute"), turn.cancel)
 * ```
 */
export interface Turn {
  readonly turnId: string
  readonly pid: number
  readonly events: Stream.Stream<TurnEvent>
  readonly cancel: Effect.Effect<Terminal>
  readonly kill: Effect.Effect<Terminal>
  readonly outcome: Effect.Effect<Terminal>
}
