import { expect, it } from "@effect/vitest"
import * as ActiveTime from "@tether/host/ActiveTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { spawn } from "node:child_process"
import { vi } from "vitest"

/** The event loop does not turn for this long. */
const standStill = (millis: number) =>
  Effect.sync(() => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis))

const turns = Effect.repeatN(
  Effect.promise(() => new Promise((resume) => setImmediate(resume))),
  3
)

it.live("a sleep does not count the time in which the loop stood still", () =>
  Effect.gen(function* () {
    const begun = performance.now()
    const active = yield* ActiveTime.now
    const sleeping = yield* Effect.fork(Effect.as(ActiveTime.sleep("400 millis"), performance.now))
    yield* turns
    yield* standStill(1500)
    yield* Fiber.join(sleeping)
    // A tenth of a second of it may count: so often the loop shows that it turns.
    expect(performance.now() - begun).toBeGreaterThan(1500 + 400 - 110)
    const counted = (yield* ActiveTime.now) - active
    expect(performance.now() - begun - counted).toBeGreaterThan(1300)
  })
)

it.live("time goes on after a fake setTimeout", () =>
  Effect.gen(function* () {
    // No sign that the loop turns is due any more: the next one begins anew.
    yield* Effect.sleep("300 millis")
    vi.useFakeTimers({ toFake: ["setTimeout"] })
    const begun = ActiveTime.unsafeNow(ActiveTime.clock)
    vi.useRealTimers()
    // Each reading comes late for a sign that never came.
    yield* Effect.repeatN(Effect.zipRight(Effect.sleep("1 second"), ActiveTime.now), 2)
    expect((yield* ActiveTime.now) - begun).toBeGreaterThan(1000)
  })
)

it.live("a sleep that is late by less counts it", () =>
  Effect.gen(function* () {
    const tried = Effect.gen(function* () {
      const active = yield* ActiveTime.now
      const begun = performance.now()
      const sleeping = yield* Effect.fork(ActiveTime.sleep("100 millis"))
      yield* turns
      yield* standStill(400)
      yield* Fiber.join(sleeping)
      const passed = performance.now() - begun
      return { passed, counted: (yield* ActiveTime.now) - active }
    })
    // On a busy machine it is late by more now and then.
    const { counted, passed } = yield* Effect.repeat(tried, { until: ({ passed }) => passed < 550 })
    expect(counted).toBeGreaterThan(passed - 50)
  })
)

it.live("a sleep ends after what happened while the loop stood still was seen", () =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    const child = spawn("true").once("exit", () => seen.push("exit"))
    const sleeping = yield* Effect.fork(Effect.map(ActiveTime.sleep("20 millis"), () => seen.push("end of the sleep")))
    yield* Effect.yieldNow()
    yield* standStill(450)
    yield* Fiber.join(sleeping)
    expect(child.pid).toBeGreaterThan(0)
    expect(seen).toEqual(["exit", "end of the sleep"])
  })
)

it.live("a sleep that was interrupted leaves no timer", () =>
  Effect.gen(function* () {
    const timers = () => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length
    const before = timers()
    const sleeping = yield* Effect.fork(ActiveTime.sleep("1 hour"))
    yield* turns
    expect(timers()).toBeGreaterThan(before)
    yield* Fiber.interrupt(sleeping)
    expect(timers()).toBe(before)
  })
)

it.effect("the clock of a test is left to the test", () =>
  Effect.gen(function* () {
    const begun = yield* ActiveTime.now
    const sleeping = yield* Effect.fork(ActiveTime.sleep("1 hour"))
    yield* TestClock.adjust("1 hour")
    yield* Fiber.join(sleeping)
    expect((yield* ActiveTime.now) - begun).toBe(Duration.toMillis("1 hour"))
    expect(yield* ActiveTime.within(yield* ActiveTime.current, "1 second", Effect.void)).toBe(true)
  })
)
