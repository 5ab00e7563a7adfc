/**
 * Real agents of a fiber whose clock stands still: the limits of a turn are measured in real time.
 */
import { expect, it } from "@effect/vitest"
import * as AgentSession from "@tether/agent/AgentSession"
import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as StopPlan from "@tether/process/StopPlan"
import * as FakeAgent from "@tether/vitest/FakeAgent"
import * as Script from "@tether/vitest/Script"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { tmpdir } from "node:os"
import { init, play, quietly, result, sessionId, terminalOf, text } from "../support/turns.js"
import { waitUntil } from "../support/wait.js"

const stop = StopPlan.make(StopPlan.signal("SIGINT", "300 millis"), StopPlan.signal("SIGTERM", "300 millis"))
const stubborn = [Script.ignore("SIGINT"), Script.ignore("SIGTERM")]

it.effect("an agent that falls silent is stopped after its idle timeout", () =>
  Effect.gen(function* () {
    const steps = [...stubborn, Script.stdout(init(sessionId)), Script.hang]
    expect(terminalOf(yield* play(steps, { timeouts: { idle: "400 millis" }, stop }))).toMatchObject({
      _tag: "Failed",
      kind: { _tag: "Timeout", phase: "idle" },
      signal: "SIGKILL"
    })
  })
)

it.effect("an agent that does not end after its result is ended", () =>
  Effect.gen(function* () {
    const steps = [...stubborn, Script.stdout(init(sessionId), text("m", "hello"), result("hello")), Script.hang]
    expect(terminalOf(yield* play(steps, { afterResult: "100 millis", stop }))).toMatchObject({
      _tag: "Completed",
      stuck: true,
      signal: "SIGKILL"
    })
  })
)

it.effect("a session whose agent does not answer to an interrupt stops it", () =>
  Effect.gen(function* () {
    const session = yield* AgentSession.open({
      adapter: ClaudeAdapter.claude,
      binary: FakeAgent.binary,
      cwd: tmpdir(),
      env: FakeAgent.env(Script.make(Script.readLine(), Script.stdout(init(sessionId)), Script.hang)),
      interruptGrace: "300 millis"
    })
    const turn = yield* Effect.fork(Effect.map(Stream.runCollect(session.turn({ prompt: "one" })), Chunk.toArray))
    yield* waitUntil(Effect.map(session.sessionId, (id) => id !== undefined))
    yield* session.interrupt
    expect(terminalOf(yield* Fiber.join(turn))).toMatchObject({ _tag: "Cancelled", signal: "SIGINT" })
  }).pipe(Effect.scoped, Effect.provide(NodeChildSpawner.layer), quietly)
)
