// One turn of an agent: its words as they come, and one end. Here the agent is a program without a model, which needs
// neither a network nor a key; `node_modules/.bin/tsx examples/agent-turn.ts claude` asks the real one, if it is on the
// PATH.
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as AgentTurn from "@tether/agent/AgentTurn"
import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
import * as Transcript from "@tether/agent/Transcript"
import * as TurnEvent from "@tether/agent/TurnEvent"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as FakeAgent from "@tether/vitest/FakeAgent"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const prompt = "what is structured concurrency, in one sentence?"

const request: AgentTurn.TurnRequest = {
  turnId: "example",
  adapter: ClaudeAdapter.claude,
  binary: process.argv[2] === "claude" ? "claude" : FakeAgent.binary,
  cwd: process.cwd(),
  prompt,
  permissionMode: "plan",
  timeouts: { total: "2 minutes" }
}

const program = Effect.gen(function* () {
  const events = yield* AgentTurn.run(request).pipe(
    Stream.tap((event) =>
      event._tag === "Delta" && event.kind === "Text" ? Console.log(event.text.trim()) : Effect.void
    ),
    Stream.runCollect
  )
  // The same conversation as the one that the agent has stored.
  const { entries } = Transcript.reduce(events, prompt)
  yield* Console.log(`${entries.length} messages: ${entries.map((entry) => entry.role).join(", ")}`)
  for (const event of events) if (TurnEvent.isTerminal(event)) yield* Console.log(TurnEvent.format(event))
}).pipe(
  Effect.catchTag("SpawnError", (error) => Console.error(error.message)),
  Effect.provide(NodeChildSpawner.layer)
)

runMain(program)
