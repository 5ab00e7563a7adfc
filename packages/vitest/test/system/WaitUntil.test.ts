import { describe, expect, it } from "@effect/vitest"
import { waitUntil } from "@tether/vitest/WaitUntil"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { vi } from "vitest"

/** Gives these answers one after the other, and the last one from then on. */
const answers = <A>(...all: ReadonlyArray<A>) => {
  let tries = 0
  return Effect.sync(() => all[Math.min(tries++, all.length - 1)] as A)
}

const messageOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<string, never, R> =>
  Effect.map(Effect.exit(effect), (exit) => {
    const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    return error instanceof Error ? error.message : String(error)
  })

describe("waitUntil", () => {
  it.effect("answers with the first value that holds, under TestClock", () =>
    Effect.gen(function* () {
      const value: number | string = yield* waitUntil(
        answers<number | string | false | undefined | null>(false, undefined, null, 0, "late")
      )
      expect(value).toBe(0)
    })
  )

  it.effect("takes failures and failed expectations for not yet", () =>
    Effect.gen(function* () {
      const seen = answers(1, 2, 3)
      expect(
        yield* waitUntil(
          Effect.gen(function* () {
            const value = yield* seen
            if (value === 1) return yield* Effect.fail("too early")
            expect(value).toBe(3)
            return value
          })
        )
      ).toBe(3)
    })
  )

  it.effect("says how long it has waited, for what, and how the last try went", () =>
    Effect.gen(function* () {
      expect(yield* messageOf(waitUntil(answers(false), { within: 20, what: "the server listens" }))).toBe(
        "not within 20ms: the server listens\nthe last answer was false"
      )
      expect(
        yield* messageOf(
          waitUntil(
            Effect.sync(() => expect("down").toBe("up")),
            "20 millis"
          )
        )
      ).toMatch(
        /^not within 20ms: what was waited for\nthe last try failed: AssertionError: expected 'down' to be 'up'/
      )
      expect(yield* messageOf(waitUntil(Effect.fail({ code: 7 }), Duration.millis(20)))).toContain(
        `the last try failed: Error: {"code":7}`
      )
    })
  )

  it.effect("tries once even without any time", () =>
    Effect.gen(function* () {
      expect(yield* waitUntil(answers("at once"), 0)).toBe("at once")
    })
  )

  it.effect("interrupts a try that hangs", () =>
    Effect.gen(function* () {
      let wasInterrupted = false
      const hangs = Effect.onInterrupt(Effect.never, () => Effect.sync(() => (wasInterrupted = true)))
      expect(yield* messageOf(waitUntil(hangs, 20))).toBe(
        "not within 20ms: what was waited for\nthe first try has not ended"
      )
      yield* waitUntil(Effect.sync(() => wasInterrupted))
    })
  )

  it.effect("does not wait for a try that cannot be interrupted", () =>
    Effect.gen(function* () {
      let release = (): void => undefined
      const stuck = Effect.uninterruptible(
        Effect.async<void>((resume) => {
          release = () => resume(Effect.void)
        })
      )
      expect(yield* messageOf(waitUntil(stuck, 20))).toContain("not within 20ms")
      release()
    })
  )

  it.effect("ends when it is interrupted", () =>
    Effect.gen(function* () {
      let tries = 0
      const fiber = yield* Effect.fork(waitUntil(Effect.sync(() => ++tries < 0)))
      yield* waitUntil(Effect.sync(() => tries > 1))
      expect(Exit.isInterrupted(yield* Fiber.interrupt(fiber))).toBe(true)
    })
  )

  it.effect("goes by real time while a test has put timers in place of Node's", () =>
    Effect.gen(function* () {
      vi.useFakeTimers()
      expect(yield* waitUntil(answers<false | string>(false, "later"), 5000)).toBe("later")
    }).pipe(Effect.ensuring(Effect.sync(() => vi.useRealTimers())))
  )

  it.effect("points to where it was called", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(waitUntil(answers(false), 0))
      const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      const lines = error instanceof Error ? (error.stack ?? "").split("\n") : []
      expect(lines.find((line) => /^\s+at /.test(line))).toContain("test/system/WaitUntil.test.ts")
    })
  )
})
