/**
 * Turns of the scriptable agent, as real processes.
 */
import * as AgentTurn from "@tether/agent/AgentTurn"
import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
import type { TurnEvent } from "@tether/agent/TurnEvent"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as FakeAgent from "@tether/vitest/FakeAgent"
import * as Script from "@tether/vitest/Script"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { tmpdir } from "node:os"

export const sessionId = "11111111-2222-4333-8444-555555555555"

/** What is warned of here is what the test is about. */
const quiet = Logger.replace(Logger.defaultLogger, Logger.none)

export const request = (steps: ReadonlyArray<Script.Step>, more: Partial<AgentTurn.TurnRequest> = {}): AgentTurn.TurnRequest => {
  const { env, ...rest } = more
  return {
    turnId: "1",
    adapter: ClaudeAdapter.claude,
    binary: FakeAgent.binary,
    cwd: tmpdir(),
    prompt: "what is in notes.txt?",
    env: { ...FakeAgent.env(Script.make(...steps)), ...env },
    ...rest
  }
}

export const eventsOf = (asked: AgentTurn.TurnRequest) =>
  AgentTurn.run(asked).pipe(Stream.runCollect, Effect.map(Chunk.toReadonlyArray), Effect.provide(NodeChildSpawner.layer), Effect.provide(quiet))

export const play = (steps: ReadonlyArray<Script.Step>, more?: Partial<AgentTurn.TurnRequest>) => eventsOf(request(steps, more))

export const tags = (events: ReadonlyArray<TurnEvent>) => events.map((event) => event._tag)

export const { delta, init, line, result, text, toolResult, toolUse } = FakeAgent
