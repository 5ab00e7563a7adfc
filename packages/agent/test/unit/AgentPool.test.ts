/**
 * Many turns, and so many of them at once.
 */
import { describe, expect, it } from "@effect/vitest"
import * as AgentPool from "@tether/agent/AgentPool"
import type { Terminal, TurnEvent } from "@tether/agent/TurnEvent"
import type { LaunchRequest } from "@tether/process/ChildDriver"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { quietly, request, result, terminalOf, text } from "../support/turns.js"

const second = [
  Script.stdout(text("m", "hello")),
  Script.wait("1 second"),
  Script.stdout(result("hello")),
  Script.exit(0)
]
const asked = (turnId: string, cwd = "/one") => ({ ...request([], { turnId, cwd }), env: undefined })
const collect = (pool: AgentPool.AgentPool, turnId: string, cwd?: string) =>
  Effect.map(Stream.runCollect(pool.run(asked(turnId, cwd))), Chunk.toReadonlyArray)

const statesOf = (pool: AgentPool.AgentPool) =>
  Effect.map(pool.list, (listed) => listed.map(({ state, turnId }) => `${turnId} ${state}`))

/** Each turn takes a second of the test's clock. */
const inPool = <A, E>(
  options: AgentPool.PoolOptions,
  test: (pool: AgentPool.AgentPool, started: ReadonlyArray<string>) => Effect.Effect<A, E>,
  steps: ReadonlyArray<Script.Step> = second
) => {
  const started: Array<string> = []
  const rule = TestSpawner.when(
    "an agent",
    () => true,
    ({ label }: LaunchRequest) => {
      started.push(label.split(" ").at(-1) as string)
      return Script.make(...steps)
    }
  )
  return AgentPool.make(options).pipe(
    Effect.flatMap((pool) => test(pool, started)),
    Effect.provide(TestSpawner.layer(rule)),
    quietly
  )
}

describe("a pool", () => {
  it.effect("runs so many at once, in the order in which they came", () =>
    inPool({ concurrency: 2 }, (pool, started) =>
      Effect.gen(function* () {
        const turns = yield* Effect.forEach(["a", "b", "c", "d", "e"], (id) => Effect.fork(collect(pool, id)))
        yield* TestClock.adjust(0)
        expect(yield* statesOf(pool)).toEqual(["a running", "b running", "c waiting", "d waiting", "e waiting"])
        yield* TestClock.adjust("1 second")
        expect(yield* statesOf(pool)).toEqual(["c running", "d running", "e waiting"])
        yield* TestClock.adjust("2 seconds")
        const ends = yield* Effect.forEach(turns, Fiber.join)
        expect(ends.map((events) => terminalOf(events)._tag)).toEqual(Array.from({ length: 5 }, () => "Completed"))
        expect(started).toEqual(["a", "b", "c", "d", "e"])
        expect(yield* pool.list).toEqual([])
      })
    )
  )

  it.effect("runs one at a time in a directory, where that was asked for, and that holds up no other directory", () =>
    inPool({ concurrency: 2, perDirectory: true }, (pool, started) =>
      Effect.gen(function* () {
        const turns = yield* Effect.forEach(
          [
            ["a", "/one"],
            ["b", "/one"],
            ["c", "/one"],
            ["d", "/two"]
          ] as const,
          ([id, cwd]) => Effect.fork(collect(pool, id, cwd))
        )
        yield* TestClock.adjust(0)
        expect(started).toEqual(["a", "d"])
        yield* TestClock.adjust("3 seconds")
        yield* Effect.forEach(turns, Fiber.join)
        expect(started).toEqual(["a", "d", "b", "c"])
      })
    )
  )

  it.effect("keeps how each one ended, and a turn leaves it with its terminal event", () =>
    inPool({ concurrency: 1, keep: 2 }, (pool) =>
      Effect.gen(function* () {
        const seen: Array<string> = []
        const watch = (event: TurnEvent) =>
          Effect.map(statesOf(pool), (states) => seen.push(`${event._tag}: ${states.join()}`))
        const turn = yield* Effect.fork(Stream.runForEach(pool.run(asked("a")), watch))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(turn)
        expect(seen.slice(0, -1).every((line) => line.endsWith(": a running"))).toBe(true)
        expect(seen.at(-1)).toBe("Completed: ")
        for (const id of ["b", "c"]) {
          const next = yield* Effect.fork(collect(pool, id))
          yield* TestClock.adjust("1 second")
          yield* Fiber.join(next)
        }
        const kept = yield* Effect.forEach(["a", "b", "c", "never"], pool.outcome)
        expect(kept.map(Option.map((terminal: Terminal) => terminal._tag))).toEqual([
          Option.none(),
          Option.some("Completed"),
          Option.some("Completed"),
          Option.none()
        ])
      })
    )
  )

  it.effect("cancels one that runs, and one that waits, which starts nothing", () =>
    inPool({ concurrency: 1 }, (pool, started) =>
      Effect.gen(function* () {
        const [first, second_] = yield* Effect.all([Effect.fork(collect(pool, "a")), Effect.fork(collect(pool, "b"))])
        yield* TestClock.adjust("100 millis")
        const ends = yield* Effect.fork(Effect.forEach(["b", "a", "nobody"], pool.cancel))
        yield* TestClock.adjust("10 seconds")
        expect((yield* Fiber.join(ends)).map(Option.map((terminal: Terminal) => terminal._tag))).toEqual([
          Option.some("Cancelled"),
          Option.some("Cancelled"),
          Option.none()
        ])
        expect(terminalOf(yield* Fiber.join(first)).signal).toBe("SIGINT")
        expect(yield* Fiber.join(second_)).toEqual([
          { _tag: "Cancelled", stuck: false, stderr: "", stderrBytes: 0, durationMillis: 0 }
        ])
        expect(started).toEqual(["a"])
        expect(yield* pool.list).toEqual([])
      })
    )
  )

  it.effect("cancels for whoever reads the turn, and for one that nobody reads", () =>
    inPool({ concurrency: 2 }, (pool) =>
      Effect.gen(function* () {
        const ends: Array<string | undefined> = []
        const cancel = (id: string) => Effect.map(pool.cancel(id), (end) => ends.push(Option.getOrUndefined(end)?._tag))
        const reader = yield* Effect.fork(
          Stream.runForEach(pool.run(asked("a")), (event) => (event._tag === "Message" ? cancel("a") : Effect.void))
        )
        const idle = yield* Effect.fork(Stream.runForEach(pool.run(asked("b")), () => Effect.never))
        yield* TestClock.adjust("100 millis")
        yield* cancel("b")
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(reader)
        expect(ends.length).toBeGreaterThanOrEqual(2)
        expect(new Set(ends)).toEqual(new Set(["Cancelled"]))
        yield* Fiber.interrupt(idle)
        expect(yield* pool.list).toEqual([])
      })
    )
  )

  it.effect("gives the place of one that was left to the next", () =>
    inPool({ concurrency: 1 }, (pool, started) =>
      Effect.gen(function* () {
        const first = yield* Effect.fork(collect(pool, "a"))
        const waiting = yield* Effect.fork(collect(pool, "b"))
        const last = yield* Effect.fork(collect(pool, "c"))
        yield* TestClock.adjust("100 millis")
        yield* Fiber.interrupt(waiting)
        const left = yield* Effect.fork(Fiber.interrupt(first))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(left)
        expect(terminalOf(yield* Fiber.join(last))._tag).toBe("Completed")
        expect(started).toEqual(["a", "c"])
        expect(yield* pool.list).toEqual([])
      })
    )
  )

  it.effect("refuses a second turn of one name, and goes on after one that could not be started", () =>
    inPool({ concurrency: 1 }, (pool) =>
      Effect.gen(function* () {
        const first = yield* Effect.fork(collect(pool, "a"))
        yield* TestClock.adjust("100 millis")
        expect((yield* Effect.flip(collect(pool, "a"))).message).toMatch(/another turn a is in the pool/)
        const wrong = yield* Effect.fork(Effect.flip(collect(pool, "wrong", "relative")))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(first)
        expect((yield* Fiber.join(wrong)).message).toMatch(/absolute path/)
        expect(yield* pool.list).toEqual([])
      })
    )
  )
})
