/**
 * What a session is opened with, and what is had of it.
 */
import type { SpawnError } from "@tether/process/SpawnError"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { AgentAdapter, Decision, Prompt } from "../AgentAdapter.js"
import type { SessionBusy } from "../SessionBusy.js"
import type { TurnEvent } from "../TurnEvent.js"
import type { ProcessOptions, Timeouts } from "./request.js"

/**
 * How a session is opened: of whom, where, and how its process is run (see `AgentTurn`). When the scope closes, its
 * stdin is closed first, and it has two seconds to end by itself.
 *
 * - `whenBusy`: what a turn does while another one runs: `"wait"` (default) for its turn, or `"refuse"`, and fail with
 *   `SessionBusy`.
 * - `permissions`: what is answered when the agent asks whether it may use a tool: `"deny"` (default), or `"ask"`,
 *   which waits for `reply`. The question is an event of the turn either way.
 * - `interruptGrace`: how long an agent may take to end a turn that was interrupted, before its process is stopped.
 *   Default 5 s.
 * - `permissionTimeout`: how long `"ask"` waits. Default 10 minutes. Then the answer is no.
 *
 * @example
 * ```ts
 * import type { SessionOptions } from "@tether/agent/AgentSession"
 * import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
 *
 * const options: SessionOptions = { adapter: ClaudeAdapter.claude, cwd: "/home/dev/project", permissions: "ask" }
 * ```
 */
export interface SessionOptions
  extends Omit<Prompt, "prompt" | "turnId">, Omit<ProcessOptions, "afterResult" | "stuckIs"> {
  readonly adapter: AgentAdapter
  readonly whenBusy?: "wait" | "refuse" | undefined
  readonly permissions?: "deny" | "ask" | undefined
  readonly interruptGrace?: Duration.DurationInput | undefined
  readonly permissionTimeout?: Duration.DurationInput | undefined
}

/**
 * What is asked in one turn of a session. `turnId` names it; default: its number in the session. `timeouts` are in
 * place of the session's.
 *
 * @example
 * ```ts
 * import type { SessionTurn } from "@tether/agent/AgentSession"
 *
 * const turn: SessionTurn = { prompt: "and now the tests", timeouts: { total: "10 minutes" } }
 * ```
 */
export interface SessionTurn {
  readonly prompt: string
  readonly turnId?: string | undefined
  readonly timeouts?: Timeouts | undefined
}

/**
 * A session that is open.
 *
 * - `turn`: one turn, which begins when the stream is run and has its own terminal event, last. When the process dies
 *   in it, that is its end, with the cause; the next turn starts a process again, which resumes the session. A stream
 *   that is left early interrupts its turn.
 * - `interrupt`: ends the turn that runs, if one does, and leaves the process alive where the agent can do that; one
 *   that has not ended its turn within `interruptGrace` is stopped. Answers when the turn is over, which is then
 *   `Cancelled`.
 * - `reply`: answers a `PermissionAsked`. False where nobody waits for that any more.
 * - `sessionId`: how to resume it, once it is known.
 *
 * @example
 * ```ts
 * import type { AgentSession } from "@tether/agent/AgentSession"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const carefully = (session: AgentSession) =>
 *   Stream.runForEach(session.turn({ prompt: "clean up" }), (event) =>
 *     event._tag === "PermissionAsked" && event.tool === "Read"
 *       ? session.reply(event.requestId, { behavior: "allow", input: event.input })
 *       : Effect.void)
 * ```
 */
export interface AgentSession {
  readonly turn: (turn: SessionTurn) => Stream.Stream<TurnEvent, SpawnError | SessionBusy>
  readonly interrupt: Effect.Effect<void>
  readonly reply: (requestId: string, decision: Decision) => Effect.Effect<boolean>
  readonly sessionId: Effect.Effect<string | undefined>
}
