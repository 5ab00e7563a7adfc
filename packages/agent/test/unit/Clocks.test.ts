/**
 * Limits of turns while the clock is set to and fro.
 */
import { expect, it } from "@effect/vitest"
import * as AgentTurn from "@tether/agent/AgentTurn"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { jumps, withJumps } from "../../../host/test/support/clocks.js"
import { delta, quietly, request, result, text } from "../support/turns.js"

const few = { fastCheck: { numRuns: 10 } }
const timeouts = { startup: "10 seconds", idle: "20 seconds", total: "2 minutes" } as const
const hello = Script.stdout(text("m", "hello"))

const last = (offsets: ReadonlyArray<number>, ...steps: ReadonlyArray<Script.Step>) =>
  Effect.gen(function* () {
    const turn = AgentTurn.run({ ...request([], { timeouts }), env: undefined })
    const playing = yield* Stream.runCollect(turn).pipe(
      Effect.provide(TestSpawner.layer(TestSpawner.always(Script.make(...steps)))),
      withJumps(offsets),
      quietly,
      Effect.fork
    )
    yield* TestClock.adjust("5 minutes")
    return [...(yield* Fiber.join(playing))].at(-1)
  })

it.effect.prop(
  "a turn that speaks in time completes",
  [jumps],
  ([offsets]) =>
    Effect.gen(function* () {
      const more = [Script.wait("19 seconds"), Script.stdout(delta("x"))]
      const steps = [Script.wait("9 seconds"), hello, ...more, ...more, Script.stdout(result("hello")), Script.exit(0)]
      expect(yield* last(offsets, ...steps)).toMatchObject({ _tag: "Completed", durationMillis: 47_000 })
    }),
  few
)

it.effect.prop(
  "a turn that falls silent ends after its limit",
  [jumps],
  ([offsets]) =>
    Effect.gen(function* () {
      const end = yield* last(offsets, Script.wait("9 seconds"), hello, Script.hang)
      expect(end).toMatchObject({ _tag: "Failed", kind: { _tag: "Timeout", phase: "idle" }, durationMillis: 29_000 })
    }),
  few
)
