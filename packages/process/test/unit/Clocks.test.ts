/**
 * Stops, drains and durations while the clock is set to and fro.
 */
import * as Command from "@effect/platform/Command"
import { expect, it } from "@effect/vitest"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Script from "@tether/vitest/Script"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { jumps, withJumps } from "../../../host/test/support/clocks.js"
import { doing } from "../support/doing.js"
import { captureLogs } from "../support/logs.js"

const stop = StopPlan.make(StopPlan.signal("SIGTERM", "5 seconds"))
const one = Command.make("one")
const pipeline = Command.pipeTo(one, Command.make("two"))
const few = { fastCheck: { numRuns: 10 } }

/** A child that runs for a second, is stopped, and does these steps at SIGTERM; with it, what was logged. */
const stopped = (command: Command.Command, offsets: ReadonlyArray<number>, ...atTerm: ReadonlyArray<Script.Step>) =>
  Effect.gen(function* () {
    const spawner = doing(Script.on("SIGTERM", ...atTerm), Script.hang)
    const logs = captureLogs()
    const running = yield* Effect.scoped(
      Effect.gen(function* () {
        const child = yield* Supervise.start(command, { stop })
        yield* Effect.sleep("1 second")
        yield* child.stop()
        return yield* child.gone
      })
    ).pipe(Effect.provide([spawner.layer, logs.layer]), withJumps(offsets), Effect.fork)
    yield* TestClock.adjust("20 seconds")
    const report = yield* Fiber.join(running)
    return { seconds: Duration.toSeconds(report.duration), report, logs: logs.entries }
  })

it.effect.prop(
  "a child that ends in time is neither warned of nor killed",
  [jumps],
  ([offsets]) =>
    Effect.gen(function* () {
      const { logs, report, seconds } = yield* stopped(one, offsets, Script.wait("4900 millis"), Script.exit(0))
      expect(report.status).toMatchObject({ code: 0 })
      expect(logs).toEqual([])
      expect(seconds).toBeCloseTo(5.9, 5)
    }),
  few
)

it.effect.prop(
  "a child that does not end is killed after the time of its plan",
  [jumps],
  ([offsets]) =>
    Effect.gen(function* () {
      const { logs, report, seconds } = yield* stopped(one, offsets, Script.wait("1 hour"))
      expect(report.status).toMatchObject({ signal: "SIGKILL" })
      expect(logs).toHaveLength(1)
      expect(seconds).toBeCloseTo(6, 5)
    }),
  few
)

it.effect.prop(
  "a pipeline has run for as long as it has",
  [jumps],
  ([offsets]) =>
    Effect.gen(function* () {
      const { seconds } = yield* stopped(pipeline, offsets, Script.wait("2 seconds"), Script.exit(0))
      expect(seconds).toBeCloseTo(3, 5)
    }),
  few
)
