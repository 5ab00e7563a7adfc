/**
 * One turn of an agent: its program is started for it, and is gone after it.
 */
import type { ChildSpawner } from "@tether/process/ChildSpawner"
import type { SpawnError } from "@tether/process/SpawnError"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Turn, TurnRequest } from "./internal/request.js"
import { startTurn } from "./internal/turn.js"
import type { TurnEvent } from "./TurnEvent.js"

export type { ProcessOptions, Timeouts, Turn, TurnRequest } from "./internal/request.js"

/**
 * Starts a turn in the current scope, and returns its handle once its process runs. When the scope closes, the turn is
 * cancelled, and nothing of it lives.
 *
 * Fails with `SpawnError` where no process came to be: bad input is refused with all problems named, before anything is
 * started.
 *
 * @example
 * ```ts
 * import * as AgentTurn from "@tether/agent/AgentTurn"
 * import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const turn = yield* AgentTurn.start({
 *     turnId: "1",
 *     adapter: ClaudeAdapter.claude,
 *     cwd: "/home/dev/project",
 *     prompt: "what is in notes.txt?"
 *   })
 *   yield* Stream.runForEach(turn.events, Effect.log)
 *   return yield* turn.outcome
 * }))
 * ```
 */
export const start = (request: TurnRequest): Effect.Effect<Turn, SpawnError, ChildSpawner | Scope.Scope> =>
  startTurn(request)

/**
 * A turn as a stream: it starts when the stream is run, and the last event is the only one of `Completed`, `Failed` and
 * `Cancelled`. Everything that the agent wrote comes before it, and its process is gone by then. A stream that is left
 * early cancels the turn.
 *
 * Fails with `SpawnError` where no process came to be; then there is no event.
 *
 * @example
 * ```ts
 * import * as AgentTurn from "@tether/agent/AgentTurn"
 * import * as CodexAdapter from "@tether/agent/CodexAdapter"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const program = AgentTurn.run({
 *   turnId: "1",
 *   adapter: CodexAdapter.codex,
 *   cwd: "/home/dev/project",
 *   prompt: "say hi"
 * }).pipe(Stream.runForEach((event) => (event._tag === "Message" ? Effect.log(event.blocks) : Effect.void)))
 * ```
 */
export const run = (request: TurnRequest): Stream.Stream<TurnEvent, SpawnError, ChildSpawner> =>
  Stream.unwrapScoped(Effect.map(startTurn(request), ({ events }) => events))
