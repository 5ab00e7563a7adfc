/**
 * One handle for several processes, in virtual time.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as Script from "@tether/vitest/Script"
import type { TestChild } from "@tether/vitest/TestChild"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { Child } from "../../src/Child.js"
import type { ChildOptions } from "../../src/ChildOptions.js"
import { Exited, Signaled } from "../../src/ExitStatus.js"
import * as StopPlan from "../../src/StopPlan.js"
import * as Supervise from "../../src/Supervise.js"
import { SurvivorsError } from "../../src/SurvivorsError.js"
import { doing } from "../support/doing.js"

const command = Command.make("a").pipe(Command.pipeTo(Command.make("b")), Command.pipeTo(Command.make("c")))
const rest = TestClock.adjust(0)

/** A spawner of the stages: what a stage does that is not named is to wait. */
const stagesThat = (steps: { readonly [Stage in "a" | "b" | "c"]?: ReadonlyArray<Script.Step> }) =>
  TestSpawner.make(
    ...(["a", "b", "c"] as const).map((stage) =>
      TestSpawner.program(stage, Script.make(...(steps[stage] ?? [Script.hang])))
    )
  )

const using = <A, E>(
  spawner: TestSpawner.Scripted,
  options: ChildOptions,
  f: (child: Child, stages: readonly [TestChild, TestChild, TestChild]) => Effect.Effect<A, E>
) =>
  Effect.provide(
    Supervise.use(command, { expect: () => true, ...options }, (child) => f(child, spawner.children as never)),
    spawner.layer
  )

describe("a pipeline", () => {
  it.effect("has exited when all of its stages have", () =>
    using(stagesThat({ a: [Script.die("SIGPIPE")], b: [Script.wait("1 second")], c: [] }), {}, (child, [, , c]) =>
      Effect.gen(function* () {
        const exited = yield* Effect.fork(child.exited)
        yield* TestClock.adjust("999 millis")
        expect(c.status).toEqual(Exited(0))
        expect([yield* child.isRunning, (yield* Fiber.poll(exited))._tag]).toEqual([true, "None"])
        yield* TestClock.adjust("1 millis")
        expect(yield* Fiber.join(exited)).toEqual(Exited(0))
        const report = yield* child.gone
        expect([report.pid, Duration.toMillis(report.duration)]).toEqual([c.pid, 1000])
        expect(report.stages.map((stage) => stage.status)).toEqual([Signaled("SIGPIPE"), Exited(0), Exited(0)])
      })
    )
  )

  it.effect("is stopped from the right, so that nobody sees a stop as the end of its input", () => {
    const farewell = [
      Script.on("SIGTERM", Script.stderr("bye\n"), Script.exit(0)),
      Script.readToEnd,
      Script.stderr("input ended\n")
    ]
    return using(stagesThat({ a: farewell, b: farewell, c: farewell }), { stdin: "pipe" }, (child) =>
      Effect.gen(function* () {
        yield* rest
        yield* child.stop()
        const said = yield* Stream.runCollect(child.read({ replay: 10 }))
        expect([...said].map((line) => [line.label, line.text])).toEqual([
          ["c", "bye"],
          ["b", "bye"],
          ["a", "bye"]
        ])
      })
    )
  })

  it.effect("closes the input of its first stage alone, and waits for the others to see the end", () => {
    const filter = [Script.readToEnd, Script.wait("600 millis"), Script.exit(0)]
    return using(stagesThat({ a: filter, b: filter, c: filter }), { stdin: "pipe" }, (child, [a, b, c]) =>
      Effect.gen(function* () {
        const stopped = yield* Effect.fork(
          child.stop(StopPlan.make(StopPlan.closeStdin("2 seconds"), StopPlan.signal("SIGTERM", "1 second")))
        )
        yield* rest
        expect([a, b, c].map((stage) => stage.isInputEnded)).toEqual([true, false, false])
        yield* TestClock.adjust("1 second")
        expect([a, b, c].map((stage) => stage.status)).toEqual([Exited(0), undefined, undefined])
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(stopped)
        expect([a, b, c].map((stage) => [stage.status, stage.signals])).toEqual([
          [Exited(0), []],
          [Exited(0), []],
          [Exited(0), []]
        ])
      })
    )
  })

  it.effect("is asked once, whatever number of stages there are", () => {
    let asked = 0
    const ask = StopPlan.make(
      StopPlan.ask(
        Effect.sync(() => asked++),
        "1 second"
      ),
      StopPlan.signal("SIGTERM", "1 second")
    )
    return using(doing(Script.hang), { stop: ask }, (child) =>
      Effect.gen(function* () {
        const stopped = yield* Effect.fork(child.stop())
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(stopped)
        expect(asked).toBe(1)
      })
    )
  })

  it.effect("is asked once by plans that are equal", () => {
    let asked = 0
    const ask = Effect.sync(() => asked++)
    const plan = () => StopPlan.make(StopPlan.ask(ask, "1 second"), StopPlan.signal("SIGTERM", "1 second"))
    return using(doing(Script.hang), { stop: plan() }, (child) =>
      Effect.gen(function* () {
        const stops = [child.stop(), child.stop(plan()), child.stop(plan())]
        const stopped = yield* Effect.fork(Effect.all(stops, { concurrency: "unbounded" }))
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(stopped)
        expect(asked).toBe(1)
      })
    )
  })

  it.effect("is asked again by a stop after one that was interrupted, also by an equal plan", () => {
    let asked = 0
    const ask = Effect.sync(() => asked++)
    const plan = () => StopPlan.make(StopPlan.ask(ask, "1 minute"))
    return using(doing(Script.hang), { stop: plan() }, (child) =>
      Effect.gen(function* () {
        for (const given of [undefined, plan(), plan()]) {
          const stopped = yield* Effect.fork(child.stop(given))
          yield* TestClock.adjust("1 second")
          yield* Fiber.interrupt(stopped)
        }
        expect(asked).toBe(3)
        yield* child.stop(StopPlan.kill)
      })
    )
  })

  it.effect("is not held to a request that has failed", () => {
    let asked = 0
    const ask = Effect.suspend(() => (++asked === 1 ? Effect.fail("not yet") : Effect.void))
    const plan = StopPlan.make(StopPlan.ask(ask, "1 second"), StopPlan.signal("SIGTERM", "1 minute"))
    return using(doing(Script.ignore("SIGTERM"), Script.hang), { stop: plan }, (child) =>
      Effect.gen(function* () {
        const first = yield* Effect.fork(child.stop())
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.interrupt(first)
        const second = yield* Effect.fork(child.stop())
        yield* TestClock.adjust("2 minutes")
        yield* Fiber.join(second)
        expect(asked).toBe(2)
      })
    )
  })

  it.effect("gives the bytes of all stages to readers that follow each other", () => {
    const all = Array.from({ length: 30 }, (_, i) => String.fromCharCode(65 + i))
    const every3rd = (from: number) => [Script.stderr(...all.filter((_, i) => i % 3 === from))]
    return using(stagesThat({ a: every3rd(0), b: every3rd(1), c: every3rd(2) }), { stderr: "bytes" }, (child) =>
      Effect.gen(function* () {
        yield* rest
        const text = (bytes: Stream.Stream<Uint8Array>) => Stream.mkString(Stream.decodeText(bytes))
        const [first, others] = [yield* text(Stream.take(child.bytes("stderr"), 7)), yield* text(child.bytes("stderr"))]
        expect([first.length, [...(first + others)].toSorted()]).toEqual([7, all])
      })
    )
  })

  it.effect("gives each stage its turn, although the first one never stops", () =>
    using(
      stagesThat({
        a: [Script.repeat(20, Script.stderr("a".repeat(65_536)))],
        b: [Script.stderr("b")],
        c: [Script.stderr("c")]
      }),
      { stderr: "bytes" },
      (child) =>
        Effect.gen(function* () {
          yield* rest
          const first = yield* Stream.mkString(Stream.decodeText(Stream.take(child.bytes("stderr"), 3)))
          expect([...new Set(first)].toSorted().join("")).toBe("abc")
        })
    )
  )

  it.effect("ends with its scope, even if the fiber that closes it is interrupted", () => {
    const spawner = doing(Script.hang)
    return Effect.gen(function* () {
      const scope = yield* Scope.make()
      yield* Scope.extend(Supervise.start(command), scope)
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(closing)
      expect(spawner.children.map((stage) => stage.status)).toEqual([
        Signaled("SIGTERM"),
        Signaled("SIGTERM"),
        Signaled("SIGTERM")
      ])
    }).pipe(Effect.provide(spawner.layer))
  })

  it.effect("names the survivors of all stages", () =>
    Effect.gen(function* () {
      const spawner = stagesThat({ a: [Script.freeze], c: [Script.freeze] })
      const fiber = yield* Effect.fork(Effect.flip(using(spawner, {}, () => Effect.sleep("1 second"))))
      yield* TestClock.adjust("20 seconds")
      const error = yield* Fiber.join(fiber)
      if (!(error instanceof SurvivorsError)) throw error
      expect([error.label, error.survivors]).toEqual([
        "a | b | c",
        [
          { pid: spawner.childOf("a").pid, command: "a", startedAt: undefined },
          { pid: spawner.childOf("c").pid, command: "c", startedAt: undefined }
        ]
      ])
    })
  )

  it.effect("sums up how it was drained, and what its stages wrote to stderr", () =>
    using(
      stagesThat({
        a: [Script.stderr("one\n"), Script.leave(Script.hang), Script.exit(0)],
        b: [],
        c: [Script.stderr("two\n")]
      }),
      { drainGrace: 100 },
      (child) =>
        Effect.gen(function* () {
          yield* TestClock.adjust("200 millis")
          const report = yield* child.gone
          expect([report.drained._tag, report.stderr]).toEqual([
            "Cut",
            { bytes: 8, lines: 2, truncatedLines: 0, truncatedBytes: 0, drained: "Cut", tail: "two\n" }
          ])
        })
    )
  )

  describe("whose stage leaves something that holds the pipe to the next one", () => {
    const leaving = (...script: ReadonlyArray<Script.Step>) =>
      stagesThat({
        a: [Script.leaveWith({ holds: ["stdout"] }, ...script), Script.exit(0)],
        b: [Script.readToEnd, Script.exit(0)],
        c: [Script.readToEnd, Script.exit(0)]
      })

    it.effect("gives it as long as where the pipe is read here", () =>
      using(leaving(Script.wait("900 millis")), {}, (child, [a]) =>
        Effect.gen(function* () {
          yield* TestClock.adjust("2 seconds")
          const report = yield* child.gone
          expect([report.drained, report.stdout.drained, report.leftovers, a.signals]).toEqual([
            { _tag: "Eof" },
            "Eof",
            [],
            []
          ])
        })
      )
    )

    it.effect("ends it then, and says that the output was cut", () =>
      using(leaving(Script.wait("1 hour")), {}, (child, [a]) =>
        Effect.gen(function* () {
          yield* TestClock.adjust("2 seconds")
          const report = yield* child.gone
          expect(report).toMatchObject({
            drained: { _tag: "Cut", holders: [{}] },
            stdout: { drained: "Cut" },
            leftovers: [{}]
          })
          expect([report.status, a.signals]).toEqual([Exited(0), ["SIGTERM"]])
        })
      )
    )

    it.effect("ends at once what does not hold it", () =>
      using(
        stagesThat({ a: [Script.leaveWith({ holds: [] }, Script.hang), Script.exit(0)], b: [Script.hang], c: [] }),
        {},
        (_, [a]) =>
          Effect.gen(function* () {
            yield* TestClock.adjust("100 millis")
            expect(a.signals).toEqual(["SIGTERM"])
          })
      )
    )
  })

  it.effect("does not wait with the end of one stage for readers of another", () =>
    using(
      stagesThat({
        a: [Script.wait("100 millis"), Script.leaveWith({ holds: ["stdout"] }, Script.hang), Script.exit(0)],
        b: [
          Script.wait("100 millis"),
          Script.stderr(...Array.from({ length: 10 }, (_, i) => `line ${i}\n`)),
          Script.readToEnd
        ],
        c: [Script.readToEnd]
      }),
      { drainGrace: "20 millis" },
      (child, [a, b]) =>
        Effect.gen(function* () {
          let taken = 0
          const reader = yield* Effect.fork(
            Stream.runForEach(child.stderr, () =>
              Effect.delay(
                Effect.sync(() => taken++),
                "100 millis"
              )
            )
          )
          yield* TestClock.adjust("200 millis")
          // What it has left holds the pipe to its neighbour: nobody may wait for a reader before that is ended.
          expect([a.signals, b.status]).toEqual([["SIGTERM"], Exited(0)])
          expect(taken).toBeLessThan(3)
          yield* TestClock.adjust("2 seconds")
          yield* Fiber.join(reader)
          expect(taken).toBe(10)
        })
    )
  )
})
