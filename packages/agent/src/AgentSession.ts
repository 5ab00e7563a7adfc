/**
 * An agent whose process stays, and serves turn after turn.
 */
import type { ChildSpawner } from "@tether/process/ChildSpawner"
import type { SpawnError } from "@tether/process/SpawnError"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { openSession } from "./internal/session.js"
import type { AgentSession, SessionOptions } from "./internal/sessionRequest.js"

export type { AgentSession, SessionOptions, SessionTurn } from "./internal/sessionRequest.js"

/**
 * Opens a session in the current scope: its process is started at once, and is gone when the scope has closed.
 *
 * Fails with `SpawnError` where no process came to be, or where agents of this kind cannot stay.
 *
 * @example
 * ```ts
 * import * as AgentSession from "@tether/agent/AgentSession"
 * import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const session = yield* AgentSession.open({ adapter: ClaudeAdapter.claude, cwd: "/home/dev/project" })
 *   yield* Stream.runForEach(session.turn({ prompt: "what is in notes.txt?" }), Effect.log)
 *   yield* Stream.runForEach(session.turn({ prompt: "and in the others?" }), Effect.log)
 * }))
 * ```
 */
export const open = (options: SessionOptions): Effect.Effect<AgentSession, SpawnError, ChildSpawner | Scope.Scope> =>
  openSession(options)
