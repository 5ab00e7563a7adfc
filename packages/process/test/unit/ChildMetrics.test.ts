/**
 * Each metric's value after a known run. Metrics are global, so that differences are measured, and this file's tests
 * run one after the other.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as TestClock from "effect/TestClock"
import * as ChildMetrics from "../../src/ChildMetrics.js"
import type { ChildOptions } from "../../src/ChildOptions.js"
import * as Supervise from "../../src/Supervise.js"
import { doing } from "../support/doing.js"

const counts = Effect.all({
  running: Effect.map(Metric.value(ChildMetrics.running), (state) => state.value),
  started: Effect.map(Metric.value(ChildMetrics.started), (state) => state.count),
  exited: Effect.map(Metric.value(ChildMetrics.failed("exited")), (state) => state.count),
  signaled: Effect.map(Metric.value(ChildMetrics.failed("signaled")), (state) => state.count),
  survivors: Effect.map(Metric.value(ChildMetrics.failed("survivors")), (state) => state.count),
  notFound: Effect.map(Metric.value(ChildMetrics.failed("spawn:NotFound")), (state) => state.count),
  stdoutBytes: Effect.map(Metric.value(ChildMetrics.bytes.stdout), (state) => state.count),
  stderrBytes: Effect.map(Metric.value(ChildMetrics.bytes.stderr), (state) => state.count),
  stdoutLines: Effect.map(Metric.value(ChildMetrics.lines.stdout), (state) => state.count),
  stderrLines: Effect.map(Metric.value(ChildMetrics.lines.stderr), (state) => state.count),
  stdoutDropped: Effect.map(Metric.value(ChildMetrics.dropped.stdout), (state) => state.count),
  stderrDropped: Effect.map(Metric.value(ChildMetrics.dropped.stderr), (state) => state.count),
  escalations: Effect.map(Metric.value(ChildMetrics.escalations), (state) => state.count)
})

const changed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const before = yield* counts
    yield* Effect.exit(effect)
    const after = yield* counts
    return Object.fromEntries(
      Object.entries(after)
        .map(([name, value]) => [name, value - (before as Record<string, number>)[name]!] as const)
        .filter(([, difference]) => difference !== 0)
    )
  })

const run = (steps: ReadonlyArray<Script.Step>, options?: ChildOptions) =>
  Effect.provide(Supervise.run(Command.make("build"), options), doing(...steps).layer)

describe("metrics", () => {
  it.effect("count a run, its bytes and lines", () =>
    Effect.gen(function* () {
      const steps = [Script.stdout("one\ntwo\n"), Script.stderr("x\n")]
      expect(yield* changed(run(steps))).toEqual({
        started: 1,
        stdoutBytes: 8,
        stdoutLines: 2,
        stderrBytes: 2,
        stderrLines: 1
      })
    })
  )

  it.effect("count failures by cause", () =>
    Effect.gen(function* () {
      expect(yield* changed(run([Script.exit(3)]))).toEqual({ started: 1, exited: 1 })
      expect(yield* changed(run([Script.die("SIGSEGV")]))).toEqual({ started: 1, signaled: 1 })
      expect(
        yield* changed(
          Effect.provide(
            Supervise.run(Command.make("nope")),
            TestSpawner.layer(TestSpawner.program("nope", Script.refuse("NotFound", "no such program", "ENOENT")))
          )
        )
      ).toEqual({ notFound: 1 })
    })
  )

  it.effect("count what was dropped", () =>
    Effect.gen(function* () {
      const steps = [Script.stdout("0123456789\n")]
      expect(yield* changed(run(steps, { maxLineBytes: 4 }))).toEqual({
        started: 1,
        stdoutBytes: 11,
        stdoutLines: 1,
        stdoutDropped: 6
      })
    })
  )

  it.effect("show what runs, and count escalations and survivors", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.ignore("SIGTERM"), Script.hang)
      const before = yield* counts
      const fiber = yield* Effect.fork(Effect.provide(Supervise.run(Command.make("server")), spawner.layer))
      yield* TestClock.adjust(0)
      expect((yield* counts).running - before.running).toBe(1)
      const interruption = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("6 seconds")
      yield* Fiber.join(interruption)
      const after = yield* counts
      expect(after.running - before.running).toBe(0)
      expect(after.escalations - before.escalations).toBe(1)
    })
  )
})
