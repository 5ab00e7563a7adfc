import { describe, expect, it } from "@effect/vitest"
import { killedAt } from "@tether/vitest/FaultyDisk"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as FileLock from "../../src/FileLock.js"
import { abandoned, ownerOf, world } from "../support/locks.js"
import { directory, live, run, waitUntil } from "../support/machine.js"

describe("FileLock", () => {
  it.scoped("goes to exactly one of twenty claimants of a stale lock, a hundred times over", () =>
    Effect.gen(function* () {
      const all = world()
      const { as, fates } = all
      const path = join(yield* directory, "a.lock")
      yield* abandoned(path, all, "winner 0")
      let winner = "winner 0"
      for (let round = 1; round <= 100; round++) {
        // The winner of the last round dies with the lock in its hand, and sometimes a claimant does at every step.
        fates.set(winner, "gone")
        const names = Array.from({ length: 20 }, (_, n) => `claimant ${round}.${n}`)
        const outcomes = yield* Effect.forEach(
          names,
          (name, n) => {
            const { before } = killedAt(n < round % 8 ? 1 + Math.floor(round / 8) : Number.POSITIVE_INFINITY)
            return Effect.gen(function* () {
              const scope = yield* Scope.make()
              const outcome = yield* Effect.exit(Scope.extend(FileLock.tryAcquire(path), scope))
              if (Exit.isFailure(outcome) && Cause.isDie(outcome.cause)) fates.set(name, "gone")
              return outcome
            }).pipe(Effect.provide(as(name, before, true)))
          },
          { concurrency: "unbounded" }
        )
        const won = names.filter((_, n) => outcomes[n]?._tag === "Success")
        const killed = names.filter((name) => fates.get(name) === "gone")
        if (won.length === 0) {
          // Those who were killed on the way kept it from the others; now it goes to the next one who asks.
          expect(killed).not.toEqual([])
          won.push(`late ${round}`)
          yield* abandoned(path, all, `late ${round}`)
        }
        expect(won).toHaveLength(1)
        winner = won[0] ?? ""
        expect(ownerOf(path)).toBe(winner)
      }
    })
  )

  it.live("is taken at once after a kill -9 of its owner, by exactly one of real processes", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a.lock")
      let owner = yield* run("claimant.mjs", path)
      owner.child.stdin?.write("go\n")
      yield* waitUntil("the first has it", () => owner.output().includes("won"))
      for (let round = 0; round < 3; round++) {
        const six = Array.from({ length: 6 }, () => run("claimant.mjs", path))
        const claimants = yield* Effect.all(six, { concurrency: "unbounded" })
        yield* waitUntil("they are up", () => claimants.every(({ output }) => output().includes("ready")))
        owner.child.kill("SIGKILL")
        yield* owner.ended
        for (const { child } of claimants) child.stdin?.write("go\n")
        yield* waitUntil("all have tried", () =>
          claimants.every(({ output }) => /won|LockHeld|FileError/.test(output()))
        )
        const [winner, ...others] = claimants.filter(({ output }) => output().includes("won"))
        expect(others).toHaveLength(0)
        expect(claimants.filter(({ output }) => output().includes("LockHeld"))).toHaveLength(5)
        if (winner === undefined) return yield* Effect.dieMessage("the lock has no owner")
        expect(JSON.parse(readFileSync(path, "utf8")).pid).toBe(winner.pid)
        const rest = claimants.filter((claimant) => claimant !== winner)
        for (const { child } of rest) child.stdin?.end()
        yield* Effect.all(
          rest.map(({ ended }) => ended),
          { concurrency: "unbounded" }
        )
        owner = winner
      }
      owner.child.stdin?.end()
      expect(yield* owner.ended).toBe(0)
      expect(existsSync(path)).toBe(false)
    }).pipe(Effect.scoped)
  )

  it.live("serves many fibers of one process, one at a time", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a.lock")
      const finished = yield* Deferred.make<void>()
      let inside = 0
      let turns = 0
      const turn = Effect.scoped(
        Effect.gen(function* () {
          yield* FileLock.acquire(path, { pollEvery: 1 })
          expect(++inside).toBe(1)
          yield* Effect.yieldNow()
          inside--
          if (++turns === 20) yield* Deferred.succeed(finished, undefined)
        })
      )
      yield* Effect.all(
        Array.from({ length: 20 }, () => turn),
        { concurrency: "unbounded" }
      )
      yield* Deferred.await(finished)
      expect(readdirSync(join(path, ".."))).toEqual([])
    }).pipe(Effect.scoped, Effect.provide(live))
  )
})
