/**
 * What becomes of a spool when the system is slow, full or in disorder, and when those who use it err.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import { renameSync } from "node:fs"
import * as Answer from "../../src/Answer.js"
import { changed, numbers, folder, host, make, quiet, Taker } from "../support/spools.js"

describe("what a drainer has claimed", () => {
  it.scopedLive("is not lost where it is interrupted while it claims, and the system is slow", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const begun = yield* Deferred.make<void>()
      let land = () => {}
      const isClaim = (to: string) => to.includes("/claims/")
      yield* Effect.gen(function* () {
        const spool = yield* make(directory)
        yield* spool.put(numbers(3))
        const taker = new Taker()
        const pass = yield* Effect.fork(spool.drain(taker.handle))
        yield* Deferred.await(begun)
        yield* Fiber.interrupt(pass)
        expect(yield* spool.stats).toMatchObject({ ready: 1, claimed: 0 })
        expect(taker.taken).toEqual([])
      }).pipe(
        changed((real) => ({
          rename: (from, to) =>
            isClaim(to)
              ? Effect.async((resume) => {
                  land = () => {
                    land = () => {}
                    renameSync(from, to)
                    resume(Effect.void)
                  }
                  Deferred.unsafeDone(begun, Effect.void)
                  setTimeout(() => land(), 100)
                })
              : real.rename(from, to),
          // A claim that nobody waits for comes at the worst moment.
          remove: (path, options) =>
            Effect.suspend(() => {
              if (options?.recursive === true) land()
              return real.remove(path, options)
            })
        }))
      )
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )
})

describe("what is not taken, and uses up each pass,", () => {
  it.scopedLive("ends as a dead letter, though each record hangs for as long as a pass may take", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      // On a busy machine a timer counts from a moment that is past, and fires too early for the clock: not so much.
      const spool = yield* make(directory, {
        patience: "200 millis",
        retry: Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(3))
      })
      yield* spool.put(numbers(3), { name: "a" })
      yield* spool.put([{ n: 9 }], { name: "z" })
      const asked: Array<number> = []
      const pass = spool.drain(
        ({ record: { n } }) =>
          Effect.suspend(() => {
            asked.push(n)
            return n === 9 ? Effect.succeed(Answer.done) : Effect.never
          }),
        { time: "50 millis" }
      )
      // On a busy machine a pass is over before it has asked for anything.
      while ((yield* pass).remaining > 0) yield* Effect.sleep("60 millis")
      expect(asked.indexOf(9), "asked for before the first one again").toBeLessThan(
        asked.indexOf(1, asked.indexOf(1) + 1)
      )
      expect(asked.toSorted((a, b) => a - b)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 9])
      expect(yield* spool.deadLetters).toMatchObject([{ attempts: 4, unsettled: 3 }])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )
})
