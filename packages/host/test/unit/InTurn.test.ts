import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { makeTurns } from "../../src/internal/inTurn.js"

describe("turns", () => {
  it.effect("are taken in the order in which they are asked for, beside one who asks all the time", () =>
    Effect.gen(function* () {
      const inTurn = makeTurns()
      let taken = 0
      const busy = yield* Effect.fork(Effect.repeatN(inTurn(Effect.map(Effect.yieldNow(), () => taken++)), 1000))
      yield* Effect.yieldNow()
      for (let other = 0; other < 20; other++) {
        const before = taken
        yield* inTurn(Effect.void)
        expect(taken - before).toBeLessThanOrEqual(2)
      }
      yield* Fiber.interrupt(busy)
    })
  )

  it.effect("pass over who does not wait any more, and come one at a time all the same", () =>
    Effect.gen(function* () {
      const inTurn = makeTurns()
      const seen: Array<string> = []
      const note = (name: string) => Effect.sync(() => void seen.push(name))
      const held = yield* Deferred.make<void>()
      const first = yield* Effect.fork(inTurn(Effect.zipRight(Deferred.await(held), note("first"))))
      yield* Effect.yieldNow()
      const second = yield* Effect.fork(inTurn(note("second")))
      yield* Effect.yieldNow()
      const third = yield* Effect.fork(inTurn(note("third")))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(second)
      yield* Effect.yieldNow()
      expect(seen).toEqual([])
      yield* Deferred.succeed(held, undefined)
      yield* Fiber.join(third)
      yield* Fiber.join(first)
      expect(seen).toEqual(["first", "third"])
    })
  )

  it.effect("go on after one that fails, and one that has begun is not interrupted", () =>
    Effect.gen(function* () {
      const inTurn = makeTurns()
      yield* Effect.exit(inTurn(Effect.fail("no")))
      const held = yield* Deferred.make<void>()
      const begun = yield* Effect.fork(inTurn(Deferred.await(held)))
      yield* Effect.yieldNow()
      const interrupting = yield* Effect.fork(Fiber.interrupt(begun))
      yield* Effect.yieldNow()
      expect(interrupting.unsafePoll()).toBeNull()
      yield* Deferred.succeed(held, undefined)
      yield* Fiber.join(interrupting)
      yield* inTurn(Effect.void)
    })
  )
})
