import { expect, it } from "@effect/vitest"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { database, NotReady } from "../src/database.js"

const postgres = (...steps: ReadonlyArray<Script.Step>) =>
  TestSpawner.layer(TestSpawner.program("postgres", Script.make(...steps)))

it.effect("is there once it accepts connections", () =>
  Effect.gen(function* () {
    const starting = yield* Effect.fork(Effect.scoped(Effect.map(database, (child) => child.pid)))
    yield* TestClock.adjust("2 seconds")
    expect(starting.unsafePoll()).toBe(null)
    yield* TestClock.adjust("1 second")
    yield* Fiber.join(starting)
    const { last } = yield* TestSpawner.TestSpawner
    expect(last.signals).toEqual(["SIGINT"])
  }).pipe(
    Effect.provide(
      postgres(
        Script.wait("3 seconds"),
        // A line that comes in two halves is one line.
        Script.stderr("LOG:  database system is ready to acc", "ept connections\n"),
        Script.hang
      )
    )
  )
)

it.effect("that dies before it is ready fails with its last words", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(Effect.scoped(database))
    expect(error).toMatchObject({ _tag: "ProcessFailed", stderr: "FATAL:  data directory is in use\n" })
  }).pipe(Effect.provide(postgres(Script.stderr("FATAL:  data directory is in use\n"), Script.exit(1))))
)

it.effect("that never becomes ready is given up after 30 seconds, and stopped", () =>
  Effect.gen(function* () {
    const starting = yield* Effect.fork(Effect.flip(Effect.scoped(database)))
    yield* TestClock.adjust("30 seconds")
    expect(yield* Fiber.join(starting)).toEqual(new NotReady())
    const { last } = yield* TestSpawner.TestSpawner
    expect(last.status).toMatchObject({ signal: "SIGINT" })
  }).pipe(Effect.provide(postgres(Script.hang)))
)

it.effect("that does not shut down in time is killed", () =>
  Effect.gen(function* () {
    const using = yield* Effect.fork(Effect.scoped(database))
    yield* TestClock.adjust("10 seconds")
    yield* Fiber.join(using)
    const { last } = yield* TestSpawner.TestSpawner
    const sent = last.history.flatMap((each) =>
      each._tag === "Signal" ? [`${each.signal} after ${each.at / 1000} s`] : []
    )
    expect(sent).toEqual(["SIGINT after 0 s", "SIGCONT after 0.05 s", "SIGKILL after 10 s"])
  }).pipe(Effect.provide(postgres(Script.ignore("SIGINT"), Script.stdout("ready to accept\n"), Script.hang)))
)
