/**
 * What becomes of input when a child stops, is stopped, or its source fails, in virtual time. Real pipes are written in
 * `process-node`.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as Script from "@tether/vitest/Script"
import type { TestChild } from "@tether/vitest/TestChild"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import type { Child } from "../../src/Child.js"
import type { ChildOptions } from "../../src/ChildOptions.js"
import type { ProcessFailed } from "../../src/ProcessFailed.js"
import * as StopPlan from "../../src/StopPlan.js"
import * as Supervise from "../../src/Supervise.js"
import { doing } from "../support/doing.js"
import { captureLogs } from "../support/logs.js"

const command = Command.make("it")
const rest = TestClock.adjust(0)

const using = <A, E>(
  spawner: TestSpawner.Scripted,
  options: ChildOptions,
  f: (child: Child, script: TestChild) => Effect.Effect<A, E>
) =>
  Effect.provide(
    Supervise.use(command, { stdin: "pipe", ...options }, (child) => f(child, spawner.last)),
    spawner.layer
  )

/** Its child takes no byte before it reads. */
const readingOnly = (...steps: ReadonlyArray<Script.Step>) =>
  TestSpawner.make(TestSpawner.always(Script.withPipes(Script.make(...steps), 0)))

const closing = StopPlan.make(StopPlan.closeStdin("2 seconds"), StopPlan.signal("SIGTERM", "5 seconds"))

describe("a stop plan that closes stdin", () => {
  it.effect("goes on when the child does not end of it", () =>
    using(doing(Script.hang), {}, (child, script) =>
      Effect.gen(function* () {
        const stopped = yield* Effect.fork(child.stop(closing))
        yield* TestClock.adjust("1900 millis")
        expect([script.isInputEnded, script.signals]).toEqual([true, []])
        yield* TestClock.adjust("200 millis")
        yield* Fiber.join(stopped)
        expect(script.signals).toEqual(["SIGTERM"])
      })
    )
  )

  it.effect("goes on in time when a write before the end is not taken", () =>
    using(readingOnly(Script.hang), {}, (child, script) =>
      Effect.gen(function* () {
        const written = yield* Effect.fork(Effect.flip(child.stdin.write("never read")))
        const stopped = yield* Effect.fork(child.stop(closing))
        yield* TestClock.adjust("2100 millis")
        yield* Fiber.join(stopped)
        expect([script.input, script.isInputEnded, script.signals]).toEqual(["", false, ["SIGTERM"]])
        expect((yield* Fiber.join(written)).reason).toBe("ReaderGone")
      })
    )
  )

  it.effect("takes no more from a source, and lets what was taken be written", () =>
    using(
      doing(Script.hang),
      { stdin: { stream: Stream.repeatEffect(Effect.as(Effect.sleep("10 millis"), "x")) } },
      (child, script) =>
        Effect.gen(function* () {
          yield* TestClock.adjust("100 millis")
          const stopped = yield* Effect.fork(child.stop(closing))
          yield* rest
          const { length } = script.input
          expect(length).toBeGreaterThan(0)
          expect(script.isInputEnded).toBe(true)
          yield* TestClock.adjust("100 millis")
          expect(script.input.length).toBe(length)
          yield* script.play(Script.exit(0))
          yield* Fiber.join(stopped)
        })
    )
  )

  it.effect("passes over that step where stdin is not a pipe", () =>
    using(doing(Script.hang), { stdin: "null" }, (child, script) =>
      Effect.gen(function* () {
        yield* child.stop(closing)
        expect(script.signals).toEqual(["SIGTERM"])
      })
    )
  )
})

describe("a source that fails", () => {
  it.effect("stops the child by its plan, but for the end of input", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.on("SIGTERM", Script.exit(0)), Script.hang)
      const stream = Stream.concat(Stream.make("half"), Stream.fail("gone"))
      const error = yield* Effect.flip(
        Effect.provide(Supervise.run(command, { stdin: { stream }, stop: closing }), spawner.layer)
      )
      expect([(error as ProcessFailed).status, (error as ProcessFailed).endedBy]).toEqual([
        { _tag: "Exited", code: 0 },
        "owner"
      ])
      expect([spawner.last.input, spawner.last.isInputEnded, spawner.last.signals]).toEqual([
        "half",
        false,
        ["SIGTERM"]
      ])
    })
  )

  it.effect("kills where the plan has nothing but the end of input", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.hang)
      const stop = StopPlan.make(StopPlan.closeStdin("1 hour"))
      yield* Effect.flip(
        Effect.provide(Supervise.run(command, { stdin: { stream: Stream.fail("gone") }, stop }), spawner.layer)
      )
      expect(spawner.last.signals).toEqual(["SIGKILL"])
    })
  )

  const readers: ReadonlyArray<readonly [string, ReadonlyArray<Script.Step>]> = [
    ["reads all", [Script.readToEnd]],
    ["reads nothing", [Script.hang]],
    ["reads no more", [Script.close("stdin"), Script.hang]],
    ["reads a line", [Script.readLine(), Script.hang]]
  ]

  it("after any number of chunks of any size stops any child, that has seen them or not, and fails", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(200_000), { maxLength: 5 }),
        fc.constantFrom(...readers),
        (sizes, [how, steps]) =>
          Effect.gen(function* () {
            const spawner = doing(...steps)
            const stream = Stream.concat(
              Stream.map(Stream.fromIterable(sizes), (size) => new Uint8Array(size)),
              Stream.fail("now")
            )
            const running = yield* Effect.fork(
              Effect.exit(Effect.provide(Supervise.run(command, { stdin: { stream }, stop: closing }), spawner.layer))
            )
            yield* TestClock.adjust("1 second")
            const exit = running.unsafePoll()
            // A child that takes no more never lets it come to the failure.
            if (exit === null) expect(how).not.toBe("reads all")
            else
              expect(Cause.pretty(exit.pipe(Exit.flatten, Exit.causeOption, Option.getOrThrow))).toContain(
                "source of its input failed"
              )
            if (how !== "reads no more") expect(spawner.last.isInputEnded).toBe(false)
            const interrupted = yield* Effect.fork(Fiber.interrupt(running))
            yield* TestClock.adjust("10 seconds")
            yield* Fiber.join(interrupted)
          }).pipe(Effect.provide(TestContext.TestContext), Effect.runPromise)
      ),
      { numRuns: 60 }
    ))
})

describe("a source that has failed", () => {
  it.effect("does not look like an end of input to a child that takes its time, whoever stops it after that", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.ignore("SIGTERM"), Script.hang)
      const stream = Stream.fromEffect(Effect.zipRight(Effect.sleep("1 second"), Effect.fail("gone")))
      const running = yield* Effect.fork(
        Effect.provide(Supervise.run(command, { stdin: { stream }, stop: closing }), spawner.layer)
      )
      yield* TestClock.adjust("2 seconds")
      const interrupted = yield* Effect.fork(Fiber.interrupt(running))
      yield* TestClock.adjust("1 second")
      expect([spawner.last.isInputEnded, spawner.last.signals]).toEqual([false, ["SIGTERM", "SIGCONT"]])
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(interrupted)
    })
  )

  it.effect("fails the work beside a child that takes its time, though the work is done", () =>
    Effect.gen(function* () {
      const stubborn = doing(Script.ignore("SIGTERM"), Script.hang)
      const stream = Stream.fromEffect(Effect.zipRight(Effect.sleep("1 second"), Effect.fail("gone")))
      const working = yield* Effect.fork(
        Effect.flip(using(stubborn, { stdin: { stream } }, () => Effect.sleep("2 seconds")))
      )
      yield* TestClock.adjust("11 seconds")
      expect((yield* Fiber.join(working)).message).toContain("the source of its input failed")
      expect(stubborn.last.signals).toContain("SIGKILL")
    })
  )

  it.effect("after an end that has not been heard of yet is no failure", () =>
    Effect.gen(function* () {
      const spawner = doing(Script.hang)
      // The status comes a moment after the child is gone.
      const end = Effect.zipRight(
        Effect.yieldNow(),
        Effect.suspend(() => spawner.last.play(Script.exit(0)))
      )
      const stream = Stream.fromEffect(Effect.zipRight(Effect.forkDaemon(end), Effect.fail("too late")))
      const report = yield* Effect.provide(Supervise.run(command, { stdin: { stream } }), spawner.layer)
      expect(report.endedBy).toBe("child")
    })
  )
})

describe("an end of stdin", () => {
  it.effect("leaves other inputs alone, and is not the whole of what it cuts off", () =>
    using(
      doing(Script.readToEnd),
      { stdin: { stream: Stream.never }, fds: { 3: { stream: Stream.never } } },
      (child, script) =>
        Effect.gen(function* () {
          const stopped = yield* Effect.fork(child.stop(closing))
          yield* TestClock.adjust("1 second")
          expect([script.isInputEnded, script.signals]).toEqual([true, []])
          yield* Fiber.join(stopped)
          expect((yield* child.gone).inputs).toEqual({
            0: { bytes: 0, complete: false },
            3: { bytes: 0, complete: false }
          })
        })
    )
  )
})

describe("what is no text and no bytes", () => {
  it.effect("is a defect of who writes it, and of nobody else", () =>
    using(readingOnly(Script.wait("1 second"), Script.readToEnd, Script.hang), {}, (child, script) =>
      Effect.gen(function* () {
        yield* Effect.fork(child.stdin.write("waits"))
        yield* rest
        for (const wrong of [5, undefined, null, new ArrayBuffer(3)]) {
          expect(String(yield* Effect.exit(child.stdin.write(wrong as never)))).toContain("Die")
        }
        expect(script.input).toBe("")
        yield* TestClock.adjust("1 second")
        yield* child.stdin.write("!")
        expect(script.input).toBe("waits!")
      })
    )
  )
})

describe("a source that cannot be interrupted", () => {
  it.effect("is waited for until deliverGrace is over, and then left alone", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const stream = Stream.fromEffect(Effect.as(Effect.uninterruptible(Effect.sleep("1 minute")), "x"))
      const ended = yield* Effect.fork(
        Effect.provide(
          Supervise.run(command, { stdin: { stream }, deliverGrace: "3 seconds" }),
          doing(Script.exit(0)).layer
        ).pipe(Effect.provide(logs.layer))
      )
      yield* TestClock.adjust("2900 millis")
      expect(yield* Fiber.poll(ended)).toMatchObject({ _tag: "None" })
      yield* TestClock.adjust("200 millis")
      yield* Fiber.join(ended)
      expect(logs.entries.map((entry) => entry.message).join()).toContain("could not be interrupted within 3 s")
    })
  )
})

describe("writes", () => {
  const pieces = fc.array(fc.oneof(fc.string16bits(), fc.fullUnicodeString()), { maxLength: 5 })

  it.effect.prop(
    "of a text that was cut anywhere make the same bytes as of the whole",
    [pieces, fc.boolean()],
    ([parts, areStreamed]) =>
      using(doing(Script.readToEnd, Script.hang), {}, (child, script) =>
        Effect.gen(function* () {
          const written = areStreamed
            ? child.stdin.writeAll(Stream.fromIterable(parts))
            : Effect.forEach(parts, (part) => child.stdin.write(part), { discard: true })
          yield* Effect.zipRight(written, child.stdin.close)
          yield* rest
          expect(script.input).toBe(
            new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(parts.join("")))
          )
        })
      )
  )

  it.effect("come in the order in which they were begun, and an interrupted one leaves its place", () =>
    using(readingOnly(Script.wait("1 second"), Script.readToEnd, Script.hang), {}, (child, script) =>
      Effect.gen(function* () {
        const writes = yield* Effect.forEach(["a", "b", "c", "d"], (text) => Effect.fork(child.stdin.write(text)))
        yield* rest
        yield* Fiber.interrupt(writes[1] as never)
        const closed = yield* Effect.fork(child.stdin.close)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(closed)
        expect([script.input, script.isInputEnded]).toEqual(["acd", true])
      })
    )
  )
})

describe("ask", () => {
  it.effect("asks one question after the other, and bounds what it keeps of an answer", () => {
    const spawner = doing(
      Script.readLine("one"),
      Script.wait("1 second"),
      Script.stdout("a line\nok\n"),
      Script.readLine("two"),
      Script.wait("1 second"),
      Script.repeat(20, Script.stdout(`${"x".repeat(100_000)}\n`)),
      Script.hang
    )
    return using(spawner, {}, (child, script) =>
      Effect.gen(function* () {
        const ask = (question: string) => child.ask(question, (line) => line.text === "ok")
        const first = yield* Effect.fork(ask("one"))
        const second = yield* Effect.fork(Effect.flip(ask("two")))
        yield* TestClock.adjust("999 millis")
        expect(script.input).toBe("one\n")
        yield* TestClock.adjust("1 millis")
        expect((yield* Fiber.join(first)).map((line) => line.text)).toEqual(["a line", "ok"])
        yield* TestClock.adjust("999 millis")
        expect(script.input).toBe("one\ntwo\n")
        yield* TestClock.adjust("1 millis")
        expect(yield* Fiber.join(second)).toMatchObject({ _tag: "InputError", reason: "NoAnswer" })
      })
    )
  })
})

describe("the lines of a child", () => {
  it.effect("are numbered over both streams, and have the time at which they were read", () => {
    const spawner = doing(
      Script.stdout("a\nb\n"),
      Script.wait("1 second"),
      Script.stderr("c\n"),
      Script.wait("1 second")
    )
    return using(spawner, { expect: [0] }, (child) =>
      Effect.gen(function* () {
        const reader = yield* Effect.fork(Stream.runCollect(child.read({ replay: 2 })))
        yield* TestClock.adjust("1 second")
        const late = yield* Effect.fork(Stream.runCollect(child.read({ replay: 2 })))
        yield* TestClock.adjust("1 second")
        const shown = (lines: Iterable<{ readonly seq: number; readonly text: string; readonly at: number }>) =>
          [...lines].map(({ at, seq, text }) => `${seq} ${text} ${at}`)
        expect(shown(yield* Fiber.join(reader))).toEqual(["0 a 0", "1 b 0", "2 c 1000"])
        expect(shown(yield* Fiber.join(late))).toEqual(["1 b 0", "2 c 1000"])
      })
    )
  })
})
