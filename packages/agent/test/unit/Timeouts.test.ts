/**
 * How long a turn may take, and what is decided when several things are true, under a clock of the test's own.
 */
import { describe, expect, it } from "@effect/vitest"
import * as AgentSession from "@tether/agent/AgentSession"
import * as AgentTurn from "@tether/agent/AgentTurn"
import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
import type { Terminal, TurnEvent } from "@tether/agent/TurnEvent"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { tmpdir } from "node:os"
import { delta, init, quietly, request, result, sessionId, terminalOf, text } from "../support/turns.js"

const timed = (
  steps: ReadonlyArray<Script.Step>,
  more: Partial<AgentTurn.TurnRequest>,
  during: (turn: AgentTurn.Turn) => Effect.Effect<unknown> = () => TestClock.adjust("1 hour"),
  unreadFor: Duration.DurationInput = 0
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const begun = yield* Effect.clock
      const startedAt = begun.unsafeCurrentTimeMillis()
      const turn = yield* AgentTurn.start({ ...request([], more), env: undefined })
      if (unreadFor !== 0) yield* TestClock.adjust(unreadFor)
      const reader = yield* Effect.fork(Stream.runCollect(turn.events))
      let endedAt = 0
      yield* Effect.fork(
        Effect.map(turn.outcome, () => {
          endedAt = begun.unsafeCurrentTimeMillis()
        })
      )
      yield* during(turn)
      return { terminal: terminalOf(Chunk.toReadonlyArray(yield* Fiber.join(reader))), millis: endedAt - startedAt }
    })
  ).pipe(
    Effect.provide(
      TestSpawner.layer(
        TestSpawner.when(
          "an agent",
          () => true,
          () => Script.make(...steps)
        )
      )
    ),
    quietly
  )

const timeout = (phase: "startup" | "idle" | "total") => ({ _tag: "Failed", kind: { _tag: "Timeout", phase } })
const hello = Script.stdout(text("m", "hello"))
const done = [hello, Script.stdout(result("hello")), Script.exit(0)]

describe("a timeout", () => {
  const limits: AgentTurn.Timeouts = { startup: "10 seconds", idle: "20 seconds", total: "1 minute" }
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<Script.Step>, object, number]> = [
    ["at the start", [Script.hang], timeout("startup"), 10],
    ["of a silence", [Script.wait("9 seconds"), hello, Script.hang], timeout("idle"), 29],
    ["of the whole", [Script.forever(hello, Script.wait("15 seconds"))], timeout("total"), 60],
    [
      "that stderr puts off",
      [Script.wait("9 seconds"), Script.stderr("still here\n"), Script.hang],
      timeout("idle"),
      29
    ],
    [
      "never, for one in time",
      [Script.wait("9 seconds"), hello, Script.wait("19 seconds"), ...done],
      { _tag: "Completed" },
      28
    ]
  ]
  it.effect.each(cases)("comes %s", ([, steps, expected, seconds]) =>
    Effect.map(timed(steps, { timeouts: limits }), ({ millis, terminal }) => {
      expect(terminal).toMatchObject(expected)
      expect(millis / 1000).toBeCloseTo(seconds, 1)
    })
  )

  it.effect("does not count what we do not read", () => {
    // More than waits here and in the pipe.
    const steps = [Script.repeat(40, Script.stdout(delta("w".repeat(60_000)))), ...done]
    return timed(steps, { timeouts: { idle: "10 seconds" } }, () => TestClock.adjust("1 minute"), "1 minute").pipe(
      Effect.map(({ terminal }) => expect(terminal._tag).toBe("Completed"))
    )
  })

  it.effect("does not come between a result and the end of the process, which has a time of its own", () =>
    Effect.map(
      timed([hello, Script.stdout(result("hello")), Script.hang], {
        timeouts: { idle: "1 second", total: "2 seconds" },
        afterResult: "30 seconds"
      }),
      ({ millis, terminal }) => {
        expect(terminal).toMatchObject({ _tag: "Completed", stuck: true })
        expect(millis).toBe(30_000)
      }
    )
  )

  it.effect("of a process that ends by itself after its result is not waited for", () =>
    Effect.map(
      timed([hello, Script.stdout(result("hello")), Script.wait("29 seconds"), Script.exit(0)], {}),
      ({ millis, terminal }) => {
        expect(terminal).toMatchObject({ _tag: "Completed", stuck: false, exitCode: 0 })
        expect(millis).toBe(29_000)
      }
    )
  )
})

describe("what comes first decides", () => {
  const onInt = (...steps: ReadonlyArray<Script.Step>) => Script.on("SIGINT", ...steps)
  const cancelAfter = (time: Duration.DurationInput) => (turn: AgentTurn.Turn) =>
    Effect.gen(function* () {
      yield* TestClock.adjust(time)
      const cancel = yield* Effect.fork(turn.cancel)
      yield* TestClock.adjust("1 hour")
      return yield* Fiber.join(cancel)
    })
  const ends = (terminal: Terminal) => ({
    tag: terminal._tag,
    kind: terminal._tag === "Failed" ? terminal.kind._tag : undefined,
    code: terminal.exitCode
  })

  it.effect("a cancel before a timeout, whatever the agent then says", () =>
    Effect.map(
      timed(
        [hello, onInt(Script.wait("2 seconds"), Script.stdout(result("bad", "error_x")), Script.exit(9)), Script.hang],
        { timeouts: { total: "2 seconds" } },
        cancelAfter("1 second")
      ),
      ({ terminal }) => expect(ends(terminal)).toEqual({ tag: "Cancelled", kind: undefined, code: 9 })
    )
  )

  it.effect("a timeout before the result that it brings about", () =>
    Effect.map(
      timed([hello, onInt(Script.stdout(result("bad", "error_x")), Script.exit(9)), Script.hang], {
        timeouts: { total: "2 seconds" }
      }),
      ({ terminal }) => expect(ends(terminal)).toEqual({ tag: "Failed", kind: "Timeout", code: 9 })
    )
  )

  it.effect("a signal that is not ours before the result", () =>
    Effect.map(timed([Script.stdout(result("bad", "error_x")), Script.die("SIGSEGV")], {}), ({ terminal }) =>
      expect(ends(terminal)).toEqual({ tag: "Failed", kind: "Signal", code: undefined })
    )
  )

  it.effect("a result that is an error before the exit code", () =>
    Effect.map(timed([Script.stdout(result("bad", "error_x")), Script.exit(5)], {}), ({ terminal }) =>
      expect(ends(terminal)).toEqual({ tag: "Failed", kind: "Result", code: 5 })
    )
  )

  it.effect("the exit before a cancel in the same instant, and always so", () =>
    Effect.gen(function* () {
      const seen = new Set<string>()
      for (let i = 0; i < 20; i++) {
        const { terminal } = yield* timed(
          [hello, Script.wait("1 second"), Script.stdout(result("hello")), Script.exit(0)],
          {},
          (turn) =>
            Effect.gen(function* () {
              const cancel = yield* Effect.fork(Effect.zipRight(Effect.sleep("1 second"), turn.cancel))
              yield* TestClock.adjust("1 hour")
              return yield* Fiber.join(cancel)
            })
        )
        seen.add(terminal._tag)
      }
      expect(seen.size).toBe(1)
    })
  )
})

it.effect("a session that restarts its process for a turn keeps the clock of the fiber that opened it", () =>
  Effect.gen(function* () {
    const session = yield* AgentSession.open({ adapter: ClaudeAdapter.claude, binary: "claude", cwd: tmpdir() })
    const ends = (turn: Effect.Effect<Chunk.Chunk<TurnEvent>, unknown>) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.fork(turn)
        yield* Effect.repeat(TestClock.adjust("1 minute"), { until: () => fiber.unsafePoll() !== null })
        return terminalOf(Chunk.toReadonlyArray(yield* Fiber.join(fiber)))._tag
      })
    const turn = (prompt: string) => Stream.runCollect(session.turn({ prompt }))
    expect(yield* ends(turn("one"))).toBe("Completed")
    expect(yield* ends(Effect.withClock(turn("two"), Clock.make()))).toBe("Completed")
  }).pipe(
    Effect.scoped,
    Effect.provide(
      TestSpawner.layer(
        TestSpawner.always(
          Script.make(
            Script.readLine(),
            Script.wait("1 minute"),
            Script.stdout(init(sessionId), text("m", "hello"), result("hello")),
            Script.exit(0)
          )
        )
      )
    ),
    quietly
  )
)
