import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as ProcessInfo from "@tether/host/ProcessInfo"
import * as Script from "@tether/vitest/Script"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Tracer from "effect/Tracer"
import type { ChildOptions } from "../../src/ChildOptions.js"
import { Exited } from "../../src/ExitStatus.js"
import { isPlain } from "../../src/internal/scan.js"
import type { ProcessFailed } from "../../src/ProcessFailed.js"
import * as Relay from "../../src/Relay.js"
import * as RelayLogger from "../../src/RelayLogger.js"
import * as StopPlan from "../../src/StopPlan.js"
import * as Supervise from "../../src/Supervise.js"
import { doing } from "../support/doing.js"
import { captureLogs } from "../support/logs.js"

/** What is logged of a child that does this. */
const logged = (
  steps: ReadonlyArray<Script.Step>,
  options: ChildOptions = {},
  command = Command.make("build", "all")
) =>
  Effect.gen(function* () {
    const logs = captureLogs()
    const { pid } = yield* Supervise.run(command, { relay: true, ...options }).pipe(
      Effect.provide(doing(...steps).layer),
      Effect.provide(logs.layer)
    )
    return { entries: logs.entries, messages: logs.entries.map((entry) => entry.message), pid }
  })

describe("the relay of a child", () => {
  it.effect("is one log entry a line, at IO, annotated with label, pid and stream", () =>
    Effect.gen(function* () {
      const { entries, pid } = yield* logged([Script.stdout("one\ntwo\n"), Script.stderr("three")])
      expect(entries).toEqual([
        { level: "IO", message: "[build:out] one", annotations: { label: "build", pid, stream: "stdout" } },
        { level: "IO", message: "[build:out] two", annotations: { label: "build", pid, stream: "stdout" } },
        { level: "IO", message: "[build:err] three", annotations: { label: "build", pid, stream: "stderr" } }
      ])
    })
  )

  it.effect("can leave a stream out, and take a level by name", () =>
    Effect.gen(function* () {
      const { entries } = yield* logged([Script.stdout("one\n"), Script.stderr("two\n")], {
        relay: { stdout: false, level: "warning" }
      })
      expect(entries.map((entry) => [entry.level, entry.message])).toEqual([["WARN", "[build:err] two"]])
    })
  )

  it.effect("is shown at Info and hidden at Warning", () =>
    Effect.gen(function* () {
      const count = (level: LogLevel.LogLevel) =>
        logged([Script.stdout("one\n")]).pipe(
          Effect.map(({ entries }) => entries.length),
          Effect.provide(Logger.minimumLogLevel(level))
        )
      expect([yield* count(LogLevel.Info), yield* count(LogLevel.Warning)]).toEqual([1, 0])
    })
  )

  it.effect("works in Effect's own formats", () =>
    Effect.sync(() => {
      for (const logger of [Logger.stringLogger, Logger.logfmtLogger, Logger.jsonLogger, Logger.structuredLogger]) {
        const logged: Array<unknown> = []
        const capture = Logger.map(logger as Logger.Logger<unknown, unknown>, (output) => logged.push(output))
        Effect.runSync(
          Stream.make(new TextEncoder().encode("one\n")).pipe(
            Relay.stream({ label: "a" }),
            Effect.provide(Logger.replace(Logger.defaultLogger, capture))
          )
        )
        expect(JSON.stringify(logged)).toContain("[a:out] one")
        expect(JSON.stringify(logged)).toContain("IO")
      }
    })
  )

  it.effect("makes control sequences harmless, and keeps colours if asked", () =>
    Effect.gen(function* () {
      const steps = [
        Script.stdout("\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[2J\x07bell\ttab\x9b31mC1\u202eoverride\n\x1b[32mopen\n")
      ]
      expect((yield* logged(steps)).messages).toEqual([
        "[build:out] red \u2407bell\ttabC1\ufffdoverride",
        "[build:out] open"
      ])
      expect((yield* logged(steps, { relay: { colour: true } })).messages).toEqual([
        "[build:out] \x1b[31mred\x1b[0m \u2407bell\ttabC1\ufffdoverride\x1b[0m",
        "[build:out] \x1b[32mopen\x1b[0m"
      ])
    })
  )

  it.effect("is no event of the enclosing span", () =>
    Effect.gen(function* () {
      const span = yield* Effect.makeSpan("outer")
      yield* Effect.withParentSpan(logged([Script.stdout("one\n")]), span)
      expect((span as unknown as { events: ReadonlyArray<unknown> }).events).toEqual([])
    })
  )

  it.effect("survives a logger that throws, and the other loggers get their lines", () =>
    Effect.gen(function* () {
      const broken = Logger.make(() => {
        throw new Error("broken logger")
      })
      const { entries } = yield* Effect.provide(logged([Script.stdout("one\ntwo\n")]), Logger.add(broken))
      expect(entries).toHaveLength(2)
    })
  )

  it.effect("keeps a label of several lines on one", () =>
    Effect.gen(function* () {
      const { messages } = yield* logged([Script.stdout("x\n")], { label: "a\nb" })
      expect(messages[0]).toBe("[a\u240ab:out] x")
    })
  )
})

describe("the span of a child", () => {
  it.effect("tells label, pid, status, duration, bytes and lines", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.Span> = []
      const native = yield* Effect.tracer
      const tracer = Tracer.make({
        span: (...args) => {
          const span = native.span(...args)
          spans.push(span)
          return span
        },
        context: (f) => f()
      })
      const { pid } = yield* logged([Script.stdout("one\n")]).pipe(Effect.provide(Layer.setTracer(tracer)))
      const span = spans.find((each) => each.name === "tether.child")
      expect(span?.status._tag).toBe("Ended")
      expect(Object.fromEntries(span?.attributes ?? [])).toMatchObject({
        label: "build",
        pid,
        status: "exited with code 0",
        endedBy: "child",
        durationMillis: 0,
        "stdout.bytes": 4,
        "stdout.lines": 1
      })
    })
  )
})

describe("Relay.stream", () => {
  it.effect("relays any stream of bytes, and passes its failure on", () =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const error = yield* Stream.make("a\nb", "c\nd").pipe(
        Stream.encodeText,
        Stream.concat(Stream.fail("broken")),
        Relay.stream({ label: "log", stream: "stderr", redact: ["bc"] }),
        Effect.flip,
        Effect.provide(logs.layer)
      )
      expect(error).toBe("broken")
      expect(logs.entries.map((entry) => entry.message)).toEqual(["[log:err] a", "[log:err] <redacted>"])
    })
  )
})

describe("RelayLogger", () => {
  it.effect("aligns labels and marks stderr, levels and causes", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      yield* Effect.gen(function* () {
        yield* Stream.make(new TextEncoder().encode("listening\n")).pipe(Relay.stream({ label: "api" }))
        yield* Stream.make(new TextEncoder().encode("oops\n")).pipe(Relay.stream({ label: "worker", stream: "stderr" }))
        yield* Effect.logWarning("slow").pipe(Effect.annotateLogs("label", "api"))
        yield* Effect.logInfo("plain")
      }).pipe(Effect.provide(RelayLogger.layer({ labels: ["api", "worker"], write: (line) => lines.push(line) })))
      expect(lines).toEqual(["api    │ listening", "worker ┃ oops", "api    · warn slow", "       · info plain"])
    })
  )

  it.effect("colours only when told to, and counts columns and not characters", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      yield* Stream.make(new TextEncoder().encode("x\n")).pipe(
        Relay.stream({ label: "日本" }),
        Effect.provide(RelayLogger.layer({ colour: true, labels: ["four"], write: (line) => lines.push(line) }))
      )
      expect(lines[0]).toMatch(/^\x1b\[\d+m日本\x1b\[39m /)
    })
  )
})

it("Relay.IO is known to all loggers by its tag and told by its label", () => {
  expect(Relay.IO).toMatchObject({ _tag: "Info", label: "IO", ordinal: 20001 })
  expect(Option.some(Relay.IO)._tag).toBe("Some")
})

describe("observability is not load-bearing", () => {
  const brokenLogger = Logger.replace(
    Logger.defaultLogger,
    Logger.make(() => {
      throw new Error("broken logger")
    })
  )

  it.effect("a logger that throws at every warning changes no outcome", () =>
    Effect.gen(function* () {
      // Holds a pipe, leaves something in its group, needs SIGKILL, and its consumer throws: a warning each.
      const spawner = doing(Script.leave(Script.ignore("SIGTERM"), Script.hang), Script.stdout("one\n"), Script.exit(0))
      const fiber = yield* Effect.fork(
        Supervise.run(Command.make("build"), {
          relay: true,
          onLines: { stdout: () => Effect.die("broken consumer") },
          drainGrace: "400 millis",
          stop: StopPlan.make(StopPlan.signal("SIGTERM", "200 millis"))
        }).pipe(Effect.exit, Effect.provide(spawner.layer), Effect.provide(brokenLogger))
      )
      yield* TestClock.adjust("1 second")
      const exit = yield* Fiber.join(fiber)
      expect(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "").toContain("broken consumer")
      expect(spawner.last.signals).toContain("SIGKILL")
    })
  )

  it.effect("a tracer that throws changes no outcome", () =>
    Effect.gen(function* () {
      const broken = () => {
        throw new Error("broken tracer")
      }
      const native = yield* Effect.tracer
      const throwsLate = Tracer.make({
        span: (...args) => Object.assign(native.span(...args), { attribute: broken, end: broken }),
        context: (f) => f()
      })
      const throwsAtOnce = Tracer.make({ span: broken, context: (f) => f() })
      for (const tracer of [throwsLate, throwsAtOnce]) {
        const report = yield* Supervise.run(Command.make("build")).pipe(
          Effect.provide(doing(Script.exit(0)).layer),
          Effect.provide(Layer.setTracer(tracer))
        )
        expect(report.status).toEqual(Exited(0))
      }
    })
  )
})

describe("what a child may do to a terminal through us", () => {
  it.effect("is nothing: messages are one harmless line, whatever the label and the output", () =>
    Effect.gen(function* () {
      const error = yield* Supervise.run(Command.make("sh", "-c", "printf x\nexit 3"), { label: "a\x1b[31mb\nc" }).pipe(
        Effect.flip,
        Effect.provide(doing(Script.stderr("\x1b]0;title\x07bad\n"), Script.exit(3)).layer)
      )
      expect(error.message).toBe(`"ab\u240ac" (sh -c $'printf x\\nexit 3') exited with code 3 after 0 ms`)
      expect((error as ProcessFailed).pretty).toBe(`${error.message}\n|_.stderr:\n   bad`)
      expect((error as ProcessFailed).stderr).toBe("\x1b]0;title\x07bad\n")
      expect(ProcessInfo.format({ pid: 1, command: "\x1b[31mevil\n", startedAt: undefined })).toBe("1 (evil)")
    })
  )

  it.effect("is told where a line was cut", () =>
    Effect.gen(function* () {
      const { messages } = yield* logged([Script.stdout("ok\n0123456789\n")], { maxLineBytes: 4 })
      expect(messages).toEqual(["[build:out] ok", "[build:out] 0123 … (6 bytes cut)"])
    })
  )
})

describe("RelayLogger.layer", () => {
  it.effect("prints once where the pretty logger is the default", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      yield* Effect.logInfo("hello").pipe(
        Effect.provide(RelayLogger.layer({ write: (line) => lines.push(line) })),
        Effect.provide(Logger.replace(Logger.defaultLogger, Logger.prettyLoggerDefault))
      )
      expect(lines).toHaveLength(1)
    })
  )
})

describe("the look at a chunk for anything but plain text", () => {
  const bytes = fc.tuple(
    fc.nat(7),
    fc.array(
      fc.oneof({ arbitrary: fc.integer({ min: 0x20, max: 0x7e }), weight: 20 }, { arbitrary: fc.nat(255), weight: 1 }),
      {
        maxLength: 40
      }
    )
  )

  it.prop(
    "is right for every byte at every offset",
    [bytes],
    ([[offset, values]]) => {
      const chunk = Uint8Array.from([...Array.from({ length: offset }, () => 0), ...values]).subarray(offset)
      expect(isPlain(chunk)).toBe(
        values.every((value) => value === 9 || value === 10 || (value >= 0x20 && value < 0x7f))
      )
    },
    { fastCheck: { numRuns: 1000 } }
  )

  it.effect("remembers what the start of a line had, until the line ends", () =>
    Effect.gen(function* () {
      const { messages } = yield* logged([Script.stdout("\x1b[31mre", "d\nplain\n", "also plain\n")])
      expect(messages).toEqual(["[build:out] red", "[build:out] plain", "[build:out] also plain"])
    })
  )
})
