/**
 * A stream that is read as bytes: whole, once, and at the pace of its reader.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Command from "@effect/platform/Command"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { Child } from "../src/Child.js"
import { Exited } from "../src/ExitStatus.js"
import * as Supervise from "../src/Supervise.js"
import { scripted } from "./support/scripted.js"

const kibi = (count: number) => new Uint8Array(count * 1024)

const start = Supervise.start(Command.make("it"), { stdout: "bytes" })
const sizes = (stream: Stream.Stream<Uint8Array>) =>
  Effect.map(Stream.runCollect(stream), (chunks) => Chunk.toArray(chunks).map((chunk) => chunk.length))
const turns = Effect.repeatN(Effect.yieldNow(), 20)

const within = <A, E>(f: (child: Child, spawner: ReturnType<typeof scripted>) => Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const spawner = scripted()
    return yield* Effect.scoped(Effect.flatMap(start, (child) => f(child, spawner))).pipe(Effect.provide(spawner.layer))
  })

describe("a stream of bytes", () => {
  it.effect("is given as it was read, and counted, and its end kept", () =>
    within((child, { last }) =>
      Effect.gen(function*() {
        last.out("a\n")
        last.out(Uint8Array.of(0, 255, 10))
        last.out("end")
        last.exit(0)
        const chunks = Chunk.toArray(yield* Stream.runCollect(child.bytes("stdout")))
        expect(chunks.map((chunk) => [...chunk])).toEqual([[97, 10], [0, 255, 10], [101, 110, 100]])
        const report = yield* child.report
        expect([report.stdout.bytes, report.stdout.lines, report.drained._tag]).toEqual([8, 0, "Eof"])
        expect(report.stdout.tail).toContain("end")
      })))

  it.effect("holds the child back at 128 KiB while nobody reads, and lets it go on under 64", () =>
    within((child, { last }) =>
      Effect.gen(function*() {
        last.out(kibi(64))
        expect(last.paused.has("stdout")).toBe(false)
        last.out(kibi(64))
        expect(last.paused.has("stdout")).toBe(true)
        yield* Stream.runDrain(Stream.take(child.bytes("stdout"), 1))
        expect(last.paused.has("stdout")).toBe(true)
        yield* Stream.runDrain(Stream.take(child.bytes("stdout"), 1))
        expect(last.paused.has("stdout")).toBe(false)
        last.exit(0)
      })))

  it.effect("gives each chunk once, to whoever reads on", () =>
    within((child, { last }) =>
      Effect.gen(function*() {
        last.out("1")
        last.out("22")
        expect(yield* sizes(Stream.take(child.bytes("stdout"), 1))).toEqual([1])
        const rest = yield* Effect.fork(sizes(child.bytes("stdout")))
        yield* turns
        last.out("333")
        last.exit(0)
        expect(yield* Fiber.join(rest)).toEqual([2, 3])
      })))

  it.effect("is waited for after the end, as long as its reader makes progress", () =>
    within((child, { last }) =>
      Effect.gen(function*() {
        for (let i = 0; i < 4; i++) last.out(kibi(1))
        const reader = yield* Effect.fork(Stream.runForEach(child.bytes("stdout"), () => Effect.sleep("4 seconds")))
        last.exit(0)
        for (let i = 0; i < 40; i++) yield* TestClock.adjust("500 millis")
        yield* Fiber.join(reader)
        expect(yield* child.drained).toEqual({ _tag: "Eof" })
      })))

  it.effect("is given up when nobody has read it for deliverGrace after the end", () =>
    within((child, { last }) =>
      Effect.gen(function*() {
        last.out(kibi(3))
        last.exit(0)
        const drained = yield* Effect.fork(child.drained)
        yield* TestClock.adjust("4 seconds")
        expect((yield* Fiber.poll(drained))._tag).toBe("None")
        yield* TestClock.adjust("2 seconds")
        expect(yield* Fiber.join(drained)).toEqual({ _tag: "Stalled", bytes: 3 * 1024 })
        expect(yield* sizes(child.bytes("stdout"))).toEqual([])
      })))

  it.effect("holds nothing up when the scope closes and nobody reads, and the last words have room", () =>
    Effect.gen(function*() {
      const spawner = scripted()
      const [duration] = yield* Effect.timed(Effect.scoped(Effect.gen(function*() {
        yield* start
        const { last } = spawner
        last.out(kibi(200))
        last.onSignal = (signal) => {
          expect(last.paused.has("stdout")).toBe(false)
          last.out(kibi(200))
          last.die(signal)
        }
      })).pipe(Effect.provide(spawner.layer)))
      expect(Duration.toMillis(duration)).toBe(0)
    }))

  it.effect("is read and thrown away by run, which gives nobody the handle", () =>
    Effect.gen(function*() {
      const spawner = scripted((child) => {
        for (let i = 0; i < 10; i++) child.out(kibi(64))
        queueMicrotask(() => child.exit(0))
      })
      const report = yield* Effect.provide(Supervise.run(Command.make("it"), { stdout: "bytes", stderr: "bytes" }), spawner.layer)
      expect([report.status, report.stdout.bytes, report.drained._tag]).toEqual([Exited(0), 640 * 1024, "Eof"])
    }))

  it.effect("that was not asked for cannot be read", () =>
    within((child, { last }) =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(sizes(child.bytes("stderr")))
        expect(Exit.isFailure(exit) && String(exit.cause)).toContain(`needs stderr: "bytes", and it is "lines"`)
        last.exit(0)
      })))
})
