/**
 * Collected output that is not whole, in virtual time.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as Script from "@tether/vitest/Script"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { Child } from "../../src/Child.js"
import { ChildSpawner } from "../../src/ChildSpawner.js"
import * as Supervise from "../../src/Supervise.js"
import { doing } from "../support/doing.js"
import { captureLogs } from "../support/logs.js"

const command = Command.make("it")

describe("lines", () => {
  const lines = (steps: ReadonlyArray<Script.Step>, options?: Supervise.CollectOptions) =>
    Effect.provide(Supervise.lines(command, options), doing(...steps).layer)

  it.effect("may be as long as the limit", () =>
    Effect.gen(function* () {
      const long = "x".repeat(1_500_000)
      expect(yield* lines([Script.stdout(`${long}\nshort\n`)])).toEqual([long, "short"])
      expect(yield* lines([Script.stdout("12345")], { limit: 5 })).toEqual(["12345"])
      expect(yield* lines([], { limit: 0 })).toEqual([])
    })
  )

  it.effect("that are longer than maxLineBytes fail, with what was kept", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        lines([Script.stdout("one\nof token\n123456789")], { maxLineBytes: 4, label: "it", redact: ["token"] })
      )
      expect(error).toMatchObject({
        _tag: "IncompleteOutputError",
        label: "it",
        reason: "LongLine",
        missing: 9,
        // The secret goes before the lines are cut: a part of it could not be told.
        kept: "one\nof <\n1234"
      })
      expect(error.message).toBe(
        `"it" wrote a line longer than "maxLineBytes": 9 bytes of it are missing. Allow longer lines with that option.`
      )
    })
  )

  it.effect("of a child that ends badly are a failure of the child first", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(lines([Script.stdout("12345\n"), Script.exit(3)], { maxLineBytes: 4 }))
      expect(error._tag).toBe("ProcessFailed")
    })
  )
})

describe("an answer", () => {
  it.effect("with a line longer than maxLineBytes fails, with what was kept", () => {
    const spawner = doing(Script.readLine(), Script.stdout("one\ntoken and more\n"), Script.hang)
    const options = { stdin: "pipe", maxLineBytes: 8, redact: ["token"] } as const
    return Effect.gen(function* () {
      const child = yield* Supervise.start(command, options)
      const error = yield* Effect.flip(child.ask("what?", (line) => line.text === "end"))
      expect(error).toMatchObject({
        _tag: "IncompleteOutputError",
        reason: "LongLine",
        missing: 6,
        kept: "one\n<redacted> an"
      })
    }).pipe(Effect.scoped, Effect.provide(spawner.layer))
  })
})

describe("a collecting fiber that takes nothing", () => {
  /** Children whose bytes are taken only after an hour each. */
  const slowly = (spawner: ChildSpawner["Type"]): ChildSpawner["Type"] => ({
    ...spawner,
    acquire: (it, options) =>
      Effect.map(spawner.acquire(it, options), ({ child, release }) => ({
        child: Object.create(child, {
          bytes: {
            value: (stream: "stdout") => Stream.tap(child.bytes(stream), () => Effect.sleep("1 hour"))
          }
        }) as Child,
        release
      }))
  })

  it.effect("fails the run with what was kept", () =>
    Effect.gen(function* () {
      const collecting = Supervise.string(command, { label: "it" }).pipe(
        Effect.provideServiceEffect(ChildSpawner, Effect.map(ChildSpawner, slowly)),
        Effect.provide(doing(Script.stdout("one\n"), Script.wait("1 second"), Script.stdout("two\n")).layer),
        Effect.provide(captureLogs().layer)
      )
      const fiber = yield* Effect.fork(Effect.flip(collecting))
      yield* TestClock.adjust("2 hours")
      const error = yield* Fiber.join(fiber)
      expect(error).toMatchObject({ _tag: "IncompleteOutputError", reason: "Stalled", missing: 4, kept: "one\n" })
      expect(error.message).toBe(
        `4 bytes of the output of "it" were not taken in time after its end. Allow more time with the "deliverGrace" option.`
      )
    })
  )
})

describe("output that something else holds open after the child's end", () => {
  const collected = (held: ReadonlyArray<Script.Step>, whole: boolean) =>
    Effect.gen(function* () {
      const logs = captureLogs()
      const steps = [Script.leave(...held), Script.stdout("ok\n"), Script.exit(0)]
      const fiber = yield* Effect.fork(
        Effect.either(Supervise.string(command, { whole, label: "it" })).pipe(
          Effect.provide(doing(...steps).layer),
          Effect.provide(logs.layer)
        )
      )
      yield* TestClock.adjust("1 minute")
      const end = yield* Fiber.join(fiber)
      return [end, logs.entries.some(({ message }) => message.includes("was still open"))] as const
    })

  it.effect("is cut, with a warning, and is a failure only where all of it is asked for", () =>
    Effect.gen(function* () {
      expect(yield* collected([Script.hang], false)).toMatchObject([{ _tag: "Right", right: "ok\n" }, true])
      const [end, isWarned] = yield* collected([Script.hang], true)
      expect(isWarned).toBe(true)
      expect(end).toMatchObject({
        _tag: "Left",
        left: { _tag: "IncompleteOutputError", reason: "Cut", missing: undefined, kept: "ok\n" }
      })
    })
  )

  it.effect("is whole where only stderr is held", () =>
    Effect.gen(function* () {
      expect(yield* collected([Script.close("stdout"), Script.hang], true)).toMatchObject([
        { _tag: "Right", right: "ok\n" },
        true
      ])
    })
  )

  it.effect("is told for each stream in the report", () =>
    Effect.gen(function* () {
      const steps = [Script.leave(Script.close("stdout"), Script.hang), Script.exit(0)]
      const fiber = yield* Effect.fork(
        Supervise.run(command).pipe(Effect.provide(doing(...steps).layer), Effect.provide(captureLogs().layer))
      )
      yield* TestClock.adjust("1 minute")
      const { drained, stderr, stdout } = yield* Fiber.join(fiber)
      expect([drained._tag, stdout.drained, stderr.drained]).toEqual(["Cut", "Eof", "Cut"])
    })
  )
})
