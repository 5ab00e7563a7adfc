/**
 * A stream that is read as bytes: whole, once, and at the pace of its reader.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as Script from "@tether/vitest/Script"
import type { TestChild } from "@tether/vitest/TestChild"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { Child } from "../../src/Child.js"
import type { ChildOptions } from "../../src/ChildOptions.js"
import { Exited, Signaled } from "../../src/ExitStatus.js"
import * as Supervise from "../../src/Supervise.js"
import { doing } from "../support/doing.js"

const kibi = (count: number) => new Uint8Array(count * 1024)

const start = (options?: ChildOptions) => Supervise.start(Command.make("it"), { stdout: "bytes", ...options })
const rest = TestClock.adjust(0)
const sizes = (stream: Stream.Stream<Uint8Array>) =>
  Effect.map(Stream.runCollect(stream), (chunks) => Chunk.toArray(chunks).map((chunk) => chunk.length))
/** Beside a child that does this. */
const beside = <A, E>(
  steps: ReadonlyArray<Script.Step>,
  f: (child: Child, script: TestChild) => Effect.Effect<A, E>,
  options?: ChildOptions
) => {
  const spawner = doing(...steps)
  return Effect.scoped(Effect.flatMap(start(options), (child) => f(child, spawner.last))).pipe(
    Effect.provide(spawner.layer)
  )
}

describe("a stream of bytes", () => {
  it.effect("is given as it was read, and counted, and its end kept", () =>
    beside([Script.stdout("a\n", Uint8Array.of(0, 255, 10), "end")], (child) =>
      Effect.gen(function* () {
        const chunks = Chunk.toArray(yield* Stream.runCollect(child.bytes("stdout")))
        expect(chunks.map((chunk) => [...chunk])).toEqual([
          [97, 10],
          [0, 255, 10],
          [101, 110, 100]
        ])
        const report = yield* child.report
        expect([report.stdout.bytes, report.stdout.lines, report.drained._tag]).toEqual([8, 0, "Eof"])
        expect(report.stdout.tail).toContain("end")
      })
    )
  )

  it.effect("suspends a child without a reader at 128 KiB, and resumes it below 64 KiB", () =>
    beside([Script.stdout(kibi(64)), Script.wait("1 second"), Script.stdout(kibi(64))], (child, script) =>
      Effect.gen(function* () {
        const takeOne = Stream.runDrain(Stream.take(child.bytes("stdout"), 1))
        yield* rest
        expect(script.isHeldBack).toBe(false)
        yield* TestClock.adjust("1 second")
        expect(script.isHeldBack).toBe(true)
        yield* takeOne
        expect(script.isHeldBack).toBe(true)
        yield* takeOne
        expect(script.isHeldBack).toBe(false)
      })
    )
  )

  it.effect("gives each chunk once, to whoever reads on", () =>
    beside([Script.stdout("1", "22"), Script.wait("1 second"), Script.stdout("333")], (child) =>
      Effect.gen(function* () {
        expect(yield* sizes(Stream.take(child.bytes("stdout"), 1))).toEqual([1])
        const others = yield* Effect.fork(sizes(child.bytes("stdout")))
        yield* TestClock.adjust("1 second")
        expect(yield* Fiber.join(others)).toEqual([2, 3])
      })
    )
  )

  it.effect("is waited for after the end, as long as its reader makes progress", () =>
    beside(
      [Script.repeat(4, Script.stdout(kibi(1)))],
      (child) =>
        Effect.gen(function* () {
          const reader = yield* Effect.fork(Stream.runForEach(child.bytes("stdout"), () => Effect.sleep("320 millis")))
          yield* TestClock.adjust("1280 millis")
          yield* Fiber.join(reader)
          expect(yield* child.drained).toEqual({ _tag: "Eof" })
        }),
      { deliverGrace: "400 millis" }
    )
  )

  it.effect("is given up when nobody has read it for deliverGrace after the end", () =>
    beside(
      [Script.stdout(kibi(3))],
      (child) =>
        Effect.gen(function* () {
          const drained = yield* Effect.fork(child.drained)
          yield* TestClock.adjust("390 millis")
          expect((yield* Fiber.poll(drained))._tag).toBe("None")
          yield* TestClock.adjust("60 millis")
          expect(yield* Fiber.join(drained)).toEqual({ _tag: "Stalled", bytes: 3 * 1024 })
          expect(yield* sizes(child.bytes("stdout"))).toEqual([])
        }),
      { deliverGrace: "400 millis" }
    )
  )

  it.effect("holds nothing up when the scope closes and nobody reads, and the last words have room", () =>
    Effect.gen(function* () {
      const spawner = doing(
        Script.on("SIGTERM", Script.stdout(kibi(200)), Script.die("SIGTERM")),
        Script.stdout(kibi(200)),
        Script.hang
      )
      const [duration, child] = yield* Effect.timed(
        Effect.scoped(
          Effect.gen(function* () {
            const child = yield* start()
            yield* rest
            expect(spawner.last.isHeldBack).toBe(true)
            return child
          })
        ).pipe(Effect.provide(spawner.layer))
      )
      expect(Duration.toMillis(duration)).toBe(0)
      const report = yield* child.gone
      expect([report.status, report.stdout.bytes]).toEqual([Signaled("SIGTERM"), 400 * 1024])
    })
  )

  it.effect("is read and thrown away by run, which gives nobody the handle", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.repeat(10, Script.stdout(kibi(64))))
      const report = yield* Effect.provide(
        Supervise.run(Command.make("it"), { stdout: "bytes", stderr: "bytes" }),
        spawner.layer
      )
      expect([report.status, report.stdout.bytes, report.drained._tag]).toEqual([Exited(0), 640 * 1024, "Eof"])
    })
  )

  it.effect("that was not asked for cannot be read", () =>
    beside([Script.hang], (child) =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(sizes(child.bytes("stderr")))
        expect(Exit.isFailure(exit) && String(exit.cause)).toContain(`needs stderr: "bytes", and it is "lines"`)
      })
    )
  )
})
