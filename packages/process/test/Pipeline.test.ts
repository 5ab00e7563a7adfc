/**
 * One handle for several processes, in virtual time.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Command from "@effect/platform/Command"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { Child } from "../src/Child.js"
import type { ChildOptions } from "../src/ChildOptions.js"
import { Exited, Signaled } from "../src/ExitStatus.js"
import * as StopPlan from "../src/StopPlan.js"
import * as Supervise from "../src/Supervise.js"
import { SurvivorsError } from "../src/SurvivorsError.js"
import { scripted, type ScriptedChild } from "./support/scripted.js"

const command = Command.make("a").pipe(Command.pipeTo(Command.make("b")), Command.pipeTo(Command.make("c")))
const rest = TestClock.adjust(0)

const using = <A, E>(
  options: ChildOptions,
  f: (child: Child, stages: readonly [ScriptedChild, ScriptedChild, ScriptedChild]) => Effect.Effect<A, E>,
  script?: (child: ScriptedChild) => void
) => {
  const spawner = scripted(script)
  return Effect.provide(
    Supervise.use(command, { expect: () => true, ...options }, (child) =>
      f(child, spawner.children as never)),
    spawner.layer
  )
}

describe("a pipeline", () => {
  it.effect("has exited when all of its stages have", () =>
    using({}, (child, [a, b, c]) =>
      Effect.gen(function*() {
        const exited = yield* Effect.fork(child.exited)
        c.exit(0)
        a.die("SIGPIPE")
        yield* rest
        expect([yield* child.isRunning, (yield* Fiber.poll(exited))._tag]).toEqual([true, "None"])
        yield* TestClock.adjust("1 second")
        b.exit(0)
        expect(yield* Fiber.join(exited)).toEqual(Exited(0))
        const report = yield* child.gone
        expect([report.pid, Duration.toMillis(report.duration)]).toEqual([c.pid, 1000])
        expect(report.stages.map((stage) => stage.status)).toEqual([Signaled("SIGPIPE"), Exited(0), Exited(0)])
      })))

  it.effect("is stopped from the right, so that nobody sees a stop as the end of its input", () => {
    const order: Array<number> = []
    return using({}, (child) =>
      Effect.gen(function*() {
        yield* child.stop()
        expect(order).toEqual([1020, 1010, 1000])
      }), (child) => {
      child.onSignal = (signal) => {
        order.push(child.pid)
        child.die(signal)
      }
    })
  })

  it.effect("closes the input of its first stage alone, and waits for the others to see the end", () =>
    using({ stdin: "pipe" }, (child, [a, b, c]) =>
      Effect.gen(function*() {
        const stopped = yield* Effect.fork(child.stop(StopPlan.make(StopPlan.closeStdin("2 seconds"), StopPlan.signal("SIGTERM", "1 second"))))
        yield* TestClock.adjust("1 second")
        expect([a, b, c].map((stage) => [stage.isInputEnded, stage.signals.length])).toEqual([[true, 0], [false, 0], [false, 0]])
        for (const stage of [a, b, c]) stage.exit(0)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(stopped)
      })))

  it.effect("is asked once, whatever number of stages there are", () => {
    let asked = 0
    const ask = StopPlan.make(StopPlan.ask(Effect.sync(() => asked++), "1 second"), StopPlan.signal("SIGTERM", "1 second"))
    return using({ stop: ask }, (child) =>
      Effect.gen(function*() {
        const stopped = yield* Effect.fork(child.stop())
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(stopped)
        expect(asked).toBe(1)
      }))
  })

  it.effect("gives the bytes of all stages to readers that follow each other", () =>
    using({ stderr: "bytes" }, (child, [a, b, c]) =>
      Effect.gen(function*() {
        const stages = [a, b, c]
        for (let i = 0; i < 30; i++) stages[i % 3]?.err(String.fromCharCode(65 + i))
        for (const stage of stages) stage.exit(0)
        const text = (bytes: Stream.Stream<Uint8Array>) => Stream.mkString(Stream.decodeText(bytes))
        const [first, rest] = [yield* text(Stream.take(child.bytes("stderr"), 7)), yield* text(child.bytes("stderr"))]
        const all = Array.from({ length: 30 }, (_, i) => String.fromCharCode(65 + i))
        expect([first.length, [...first + rest].toSorted()]).toEqual([7, all])
      })))

  it.effect("gives each stage its turn, although the first one never stops", () =>
    using({ stderr: "bytes" }, (child, [a, b, c]) =>
      Effect.gen(function*() {
        for (let i = 0; i < 10; i++) a.err("a")
        b.err("b")
        c.err("c")
        const first = yield* Stream.mkString(Stream.decodeText(Stream.take(child.bytes("stderr"), 3)))
        expect([...first].toSorted().join("")).toBe("abc")
        for (const stage of [a, b, c]) stage.exit(0)
      })))

  it.effect("ends with its scope, even if the fiber that closes it is interrupted", () => {
    const spawner = scripted()
    return Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* Scope.extend(Supervise.start(command), scope)
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(closing)
      expect(spawner.children.map((stage) => stage.status)).toEqual([Signaled("SIGTERM"), Signaled("SIGTERM"), Signaled("SIGTERM")])
    }).pipe(Effect.provide(spawner.layer))
  })

  it.effect("names the survivors of all stages", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(Effect.flip(
        using({}, (_, [a, , c]) =>
          Effect.sync(() => {
            a.immortal = true
            c.immortal = true
          }))
      ))
      yield* TestClock.adjust("20 seconds")
      const error = yield* Fiber.join(fiber)
      if (!(error instanceof SurvivorsError)) throw error
      expect([error.label, error.survivors.map((survivor) => survivor.pid)]).toEqual(["a | b | c", [1000, 1020]])
    }))

  it.effect("sums up how it was drained, and what its stages wrote to stderr", () =>
    using({ drainGrace: 100 }, (child, [a, b, c]) =>
      Effect.gen(function*() {
        a.err("one\n")
        c.err("two\n")
        a.exitHolding(Exited(0))
        b.exit(0)
        c.exit(0)
        yield* TestClock.adjust("1 second")
        const report = yield* child.gone
        expect([report.drained._tag, report.stderr]).toEqual([
          "Cut",
          { bytes: 8, lines: 2, truncatedLines: 0, truncatedBytes: 0, tail: "two\n" }
        ])
      })))

  it.effect("does not wait with the end of one stage for readers of another", () =>
    using({}, (child, [a, b, c]) =>
      Effect.gen(function*() {
        const reader = yield* Effect.fork(Stream.runForEach(child.stderr, () => Effect.sleep("1 second")))
        yield* rest
        for (let i = 0; i < 10; i++) b.err(`line ${i}\n`)
        a.leftovers = 1
        a.exit(0)
        yield* TestClock.adjust("1 second")
        // What it has left holds the pipe to its neighbour: nobody may wait for a reader before that is ended.
        expect(a.signals).toContain("SIGTERM")
        b.exit(0)
        c.exit(0)
        yield* TestClock.adjust("20 seconds")
        yield* Fiber.join(reader)
      }), (child) => {
      child.onSignal = () => {
        child.leftovers = 0
      }
    }))
})
