// An adapter for an agent of one's own takes a few lines: how it is called, what its lines mean, and what ends its
// turn.
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as AgentAdapter from "@tether/agent/AgentAdapter"
import * as AgentPool from "@tether/agent/AgentPool"
import type { TurnRequest } from "@tether/agent/AgentTurn"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

// It is told what to do on stdin, and says {"hello": id}, any number of {"say": text}, and {"bye": true}.
const parrot: AgentAdapter.AgentAdapter = {
  name: "parrot",
  binary: "node",
  invocation: ({ args = [], prompt, resumeSessionId }) => ({
    args: ["examples/programs/parrot.mjs", ...(resumeSessionId === undefined ? [] : [resumeSessionId]), ...args],
    stdin: { text: prompt },
    problems: []
  }),
  decoder: ({ turnId }) => {
    let count = 0
    return AgentAdapter.jsonLines(({ bye, hello, say }) => {
      if (typeof hello === "string") return [{ _tag: "SessionBound", sessionId: hello }]
      if (typeof say === "string") {
        return [
          {
            _tag: "Message",
            id: `${turnId}/${++count}`,
            role: "assistant",
            status: "Complete",
            blocks: [{ _tag: "Text", text: say }]
          }
        ]
      }
      if (bye === undefined) return [{ _tag: "Notice", kind: "unknown", text: "a line of another kind" }]
      return [{ _tag: "Ended", result: { subtype: bye === true ? "success" : "error", isError: bye !== true } }]
    })
  }
}

const ask = (prompt: string): TurnRequest => ({ turnId: prompt, adapter: parrot, cwd: process.cwd(), prompt })

const program = Effect.gen(function* () {
  // Three parrots, and two of them at once.
  const pool = yield* AgentPool.make({ concurrency: 2 })
  yield* Effect.forEach(
    ["hello", "pieces of eight", "who is there"],
    (prompt) =>
      Stream.runForEach(pool.run(ask(prompt)), (event) => {
        if (event._tag === "Message")
          return Console.log(...event.blocks.map((block) => (block._tag === "Text" ? block.text : "")))
        return event._tag === "Failed" ? Effect.fail(new Error(event.kind._tag)) : Effect.void
      }),
    { concurrency: "unbounded" }
  )
  yield* Console.log(`in the pool now: ${(yield* pool.list).length}`)
}).pipe(Effect.provide(NodeChildSpawner.layer))

runMain(program)
