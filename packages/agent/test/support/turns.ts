/**
 * Turns of the scriptable agent, as real processes.
 */
import * as AgentTurn from "@tether/agent/AgentTurn"
import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
import { isTerminal, type Terminal, TurnEvent as TurnEventSchema, type TurnEvent } from "@tether/agent/TurnEvent"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as FakeAgent from "@tether/vitest/FakeAgent"
import * as Script from "@tether/vitest/Script"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { tmpdir } from "node:os"
import { expect } from "vitest"

export const sessionId = "11111111-2222-4333-8444-555555555555"

/** What is warned of here is what the test is about. */
export const quietly = Effect.provide(Logger.replace(Logger.defaultLogger, Logger.none))

export const request = (
  steps: ReadonlyArray<Script.Step>,
  more: Partial<AgentTurn.TurnRequest> = {}
): AgentTurn.TurnRequest => {
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
  AgentTurn.run(asked).pipe(
    Stream.runCollect,
    Effect.map(Chunk.toReadonlyArray),
    Effect.provide(NodeChildSpawner.layer),
    quietly
  )

export const play = (steps: ReadonlyArray<Script.Step>, more?: Partial<AgentTurn.TurnRequest>) =>
  eventsOf(request(steps, more))

/** A million lines that are nothing, and some that are no JSON. */
export const lineByLine = {
  ...request([]),
  adapter: {
    ...ClaudeAdapter.claude,
    invocation: () => ({
      args: ["-c", "yes '' | head -1000000; yes x | head -100000"],
      stdin: "null" as const,
      problems: []
    })
  },
  binary: "sh"
}

/** The last event; there is no other of its kind, and every event is of the published type. */
export const terminalOf = (events: ReadonlyArray<TurnEvent>): Terminal => {
  expect(events.filter(isTerminal).length, "terminal events").toBe(1)
  expect(events.every(Schema.is(TurnEventSchema)), "all events are of the published type").toBe(true)
  const last = events.at(-1)
  if (last === undefined || !isTerminal(last)) throw new Error("the terminal event is not the last one")
  return last
}

/** The texts of the assistant's messages that are complete. */
export const textsOf = (events: ReadonlyArray<TurnEvent>): ReadonlyArray<string> =>
  events.flatMap((event) =>
    event._tag === "Message" && event.role === "assistant" && event.status === "Complete"
      ? event.blocks.flatMap((block) => (block._tag === "Text" ? [block.text] : []))
      : []
  )

export const noticesOf = (events: ReadonlyArray<TurnEvent>): ReadonlyArray<string> =>
  events.flatMap((event) => (event._tag === "Notice" ? [`${event.kind} ${event.count}`] : []))

export const { delta, init, line, result, text, toolResult, toolUse } = FakeAgent
