import { describe, expect, it } from "@effect/vitest"
import { type Before, fail, Killed, killedAt } from "@tether/vitest/FaultyDisk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { copyFileSync, readdirSync, readFileSync, unlinkSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as FileLock from "../../src/FileLock.js"
import { abandoned, ownerOf, world } from "../support/locks.js"
import { directory, logged } from "../support/machine.js"

describe("FileLock", () => {
  it.scoped("names its owner, refuses others, and leaves nothing behind", () =>
    Effect.gen(function* () {
      const { as } = world()
      const path = join(yield* directory, "a.lock")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const lock = yield* FileLock.tryAcquire(path, { label: "first" }).pipe(Effect.provide(as("one")))
          expect(yield* lock.isHeld).toBe(true)
          expect(ownerOf(path)).toBe("one")
          const held = yield* Effect.flip(Effect.scoped(FileLock.tryAcquire(path)).pipe(Effect.provide(as("two"))))
          expect(held).toMatchObject({
            _tag: "LockHeld",
            liveness: "alive",
            owner: { label: "first", pid: process.pid }
          })
          expect(held.message).toBe(`the lock "${path}" is held by process ${process.pid} "first", which is running`)
          expect(readdirSync(join(path, ".."))).toEqual(["a.lock"])
        })
      )
      expect(readdirSync(join(path, ".."))).toEqual([])
    })
  )

  it.scoped("is handed on as soon as it is free", () =>
    Effect.gen(function* () {
      const { as } = world()
      const path = join(yield* directory, "a.lock")
      const scope = yield* Scope.make()
      yield* FileLock.acquire(path).pipe(Scope.extend(scope), Effect.provide(as("one")))
      const next = yield* Effect.fork(FileLock.acquire(path).pipe(Effect.provide(as("two"))))
      yield* TestClock.adjust("10 seconds")
      expect(ownerOf(path)).toBe("one")
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("100 millis")
      yield* Fiber.join(next)
      expect(ownerOf(path)).toBe("two")
    })
  )

  it.scoped("is never taken from an owner that is alive, even one that stands still", () =>
    Effect.gen(function* () {
      const all = world()
      const { as } = all
      const path = join(yield* directory, "a.lock")
      yield* abandoned(path, all, "still")
      const claim = yield* Effect.fork(
        Effect.flip(
          Effect.scoped(FileLock.acquire(path, { wait: "10 minutes", pollEvery: "10 seconds" })).pipe(
            Effect.provide(as("two"))
          )
        )
      )
      yield* TestClock.adjust("10 minutes")
      expect(yield* Fiber.join(claim)).toMatchObject({ _tag: "LockHeld", liveness: "alive" })
      expect(ownerOf(path)).toBe("still")
    })
  )

  it.scoped("is taken at once from an owner that is gone", () =>
    Effect.gen(function* () {
      const all = world()
      const { as, fates } = all
      const path = join(yield* directory, "a.lock")
      yield* abandoned(path, all, "one")
      fates.set("one", "gone")
      const lock = yield* FileLock.tryAcquire(path).pipe(Effect.provide(as("two")))
      expect(yield* lock.isHeld).toBe(true)
      expect(readdirSync(join(path, ".."))).toEqual(["a.lock"])
    })
  )

  it.scoped("is taken after a minute without a refresh from an owner of whom nothing is known", () =>
    Effect.gen(function* () {
      const { as, fates } = world()
      const path = join(yield* directory, "a.lock")
      const scope = yield* Scope.make()
      fates.set("one", "unknown")
      let canRefresh = true
      const before: Before = (operation) => (operation === "utimes" && !canRefresh ? fail("EIO") : undefined)
      yield* FileLock.acquire(path).pipe(Scope.extend(scope), Effect.provide(as("one", before)))
      const claim = yield* Effect.fork(
        FileLock.acquire(path, { wait: "1 hour", pollEvery: "2 seconds" }).pipe(Effect.provide(as("two")))
      )
      // It refreshes every five seconds.
      yield* TestClock.adjust("5 minutes")
      expect(ownerOf(path)).toBe("one")
      // From here on it stands still.
      canRefresh = false
      yield* TestClock.adjust("55 seconds")
      expect(ownerOf(path)).toBe("one")
      yield* TestClock.adjust("7 seconds")
      expect(ownerOf(path)).toBe("two")
      yield* Fiber.join(claim)
      yield* Scope.close(scope, Exit.void)
      expect(ownerOf(path)).toBe("two")
    })
  )

  it.scoped("believes an old file only when two refreshes do not come: the machine may have been suspended", () =>
    Effect.gen(function* () {
      const all = world()
      const { as, fates } = all
      const path = join(yield* directory, "a.lock")
      fates.set("one", "unknown")
      yield* abandoned(path, all, "one")
      yield* TestClock.adjust("1 day")
      utimesSync(path, 0, 0)
      const held = yield* Effect.flip(Effect.scoped(FileLock.tryAcquire(path)).pipe(Effect.provide(as("two"))))
      expect(held).toMatchObject({ _tag: "LockHeld", liveness: "unknown" })
      const claim = yield* Effect.fork(
        FileLock.acquire(path, { pollEvery: "1 second" }).pipe(Effect.provide(as("two")))
      )
      yield* TestClock.adjust("9 seconds")
      expect(ownerOf(path)).toBe("one")
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(claim)
      expect(ownerOf(path)).toBe("two")
    })
  )

  it.scoped.each(["", "{}", "4711\n", "\0\0\0"])(
    "takes %j for a lock of nobody known, and takes it after a minute",
    (text) =>
      Effect.gen(function* () {
        const { as } = world()
        const path = join(yield* directory, "a.lock")
        writeFileSync(path, text)
        const held = yield* Effect.flip(Effect.scoped(FileLock.tryAcquire(path)).pipe(Effect.provide(as("two"))))
        expect(held).toMatchObject({ _tag: "LockHeld", owner: undefined, liveness: "unknown" })
        const claim = yield* Effect.fork(
          FileLock.acquire(path, { pollEvery: "2 seconds" }).pipe(Effect.provide(as("two")))
        )
        yield* TestClock.adjust("59 seconds")
        expect(readFileSync(path, "utf8")).toBe(text)
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(claim)
        expect(ownerOf(path)).toBe("two")
      })
  )

  it.scoped("takes a record that no owner can have written for a lock of nobody known", () =>
    Effect.gen(function* () {
      const { as } = world()
      const path = join(yield* directory, "a.lock")
      const identity = { pid: 1, startToken: "1", bootId: null, pidNamespace: null }
      const owner = { pid: 1, identity, label: "x", nonce: "n", since: 0 }
      const take = Effect.flip(Effect.scoped(FileLock.tryAcquire(path)).pipe(Effect.provide(as("two"))))
      for (const bad of [
        ...[1e308, -1e308, 8.64e15 + 1, null, "0"].map((since) => ({ since })),
        ...[0, -1, 1.5, 1e308, "1"].map((pid) => ({ pid })),
        ...["", "\x1b[2J", "a\nb", 7].map((nonce) => ({ nonce })),
        { label: 7 },
        { identity: { ...identity, startToken: "\x1b]0;x\x07" } },
        { identity: { ...identity, pid: 1e308 } }
      ]) {
        writeFileSync(path, JSON.stringify({ ...owner, ...bad }))
        expect(yield* take, JSON.stringify(bad)).toMatchObject({
          _tag: "LockHeld",
          owner: undefined,
          liveness: "unknown"
        })
      }
      writeFileSync(path, JSON.stringify({ ...owner, label: "\x1b[2J\u009b\u202e" }))
      expect((yield* take).message).toContain('process 1 "\\u001b[2J\\u009b\\u202e"')
    })
  )

  it.scoped.each<[string, (path: string) => void, string]>([
    ["removed", unlinkSync, "somebody has removed it"],
    ["replaced", (path) => writeFileSync(path, "mine"), "something else is in its place"]
  ])("says once that it is lost when it was %s, and leaves alone what is there", ([, change, words]) =>
    Effect.gen(function* () {
      const { as } = world()
      const { layer, messages } = logged()
      const path = join(yield* directory, "a.lock")
      const scope = yield* Scope.make()
      yield* Effect.gen(function* () {
        const lock = yield* Scope.extend(FileLock.acquire(path, { label: "journal" }), scope)
        const lost = yield* Effect.fork(lock.lost)
        yield* TestClock.adjust("1 minute")
        expect(lost.unsafePoll()).toBeNull()
        change(path)
        expect(yield* lock.isHeld).toBe(false)
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(lost)
        yield* TestClock.adjust("1 minute")
        yield* Scope.close(scope, Exit.void)
      }).pipe(Effect.provide(Layer.merge(as("one"), layer)))
      expect(messages).toEqual([`the lock "${path}" of "journal" is lost: ${words}`])
      expect(readdirSync(join(path, "..")).length).toBe(words.includes("removed") ? 0 : 1)
    })
  )

  it.scoped("can be interrupted while it waits, and leaves nothing behind", () =>
    Effect.gen(function* () {
      const all = world()
      const { as, fates } = all
      const path = join(yield* directory, "a.lock")
      fates.set("one", "unknown")
      yield* abandoned(path, all, "one")
      const claim = yield* Effect.fork(FileLock.acquire(path).pipe(Effect.provide(as("two"))))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.interrupt(claim)
      expect(readdirSync(join(path, ".."))).toEqual(["a.lock"])
    })
  )

  it.scoped("fails typed where the disk is full, and is released there all the same", () =>
    Effect.gen(function* () {
      const { as } = world()
      const path = join(yield* directory, "a.lock")
      let full = true
      const before: Before = (operation) => (full && ["write", "link"].includes(operation) ? fail("ENOSPC") : undefined)
      const error = yield* Effect.flip(Effect.scoped(FileLock.tryAcquire(path)).pipe(Effect.provide(as("one", before))))
      expect(error).toMatchObject({ _tag: "FileError", reason: "NoSpace", code: "ENOSPC" })
      expect(readdirSync(join(path, ".."))).toEqual([])
      full = false
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* FileLock.tryAcquire(path).pipe(Effect.provide(as("one", before)))
          full = true
        })
      )
      expect(readdirSync(join(path, ".."))).toEqual([])
    })
  )

  it.scoped("is taken over together with what killed claimants have left beside it", () =>
    Effect.gen(function* () {
      const all = world()
      const { as, fates } = all
      const path = join(yield* directory, "a.lock")
      yield* abandoned(path, all, "one")
      const names = [1, 2, 3, 4].map((n) => `a.lock.${String(n).repeat(24)}.new`)
      const [dead = "", half = "", young = "", living = ""] = names.map((name) => join(path, "..", name))
      copyFileSync(path, dead)
      writeFileSync(half, "")
      utimesSync(half, 0, 0)
      writeFileSync(young, "")
      // By the clock of the test.
      utimesSync(young, 60, 60)
      writeFileSync(living, readFileSync(path, "utf8").replace('"one"', '"three"'))
      fates.set("one", "gone")
      yield* TestClock.adjust("61 seconds")
      yield* FileLock.tryAcquire(path).pipe(Effect.provide(as("two")))
      expect(readdirSync(join(path, ".."))).toEqual(["a.lock", ...names.slice(2)])
    })
  )

  it.scoped("is not kept by a claimant that was told of an error after it had it", () =>
    Effect.gen(function* () {
      const all = world()
      const { as, fates } = all
      const path = join(yield* directory, "a.lock")
      yield* abandoned(path, all, "one")
      fates.set("one", "gone")
      let fails = false
      const before: Before = (operation, of) => {
        if (operation === "rename" && of === path) fails = true
        else if (operation === "readFile" && fails) {
          fails = false
          fail("EIO")
        }
      }
      const error = yield* Effect.flip(Effect.scoped(FileLock.tryAcquire(path)).pipe(Effect.provide(as("two", before))))
      expect(error).toMatchObject({ _tag: "FileError", code: "EIO" })
      expect(readdirSync(join(path, ".."))).toEqual([])
    })
  )

  it.scoped("is taken over after a claimant was killed between any two steps", () =>
    Effect.gen(function* () {
      const all = world()
      const { as, fates } = all
      const base = yield* directory
      let step = 0
      for (let done = false; !done; step++) {
        const path = join(base, `${step}.lock`)
        fates.clear()
        yield* abandoned(path, all, "one")
        fates.set("one", "gone")
        const { before, steps } = killedAt(step)
        const scope = yield* Scope.make()
        const first = yield* Effect.exit(
          Scope.extend(FileLock.tryAcquire(path), scope).pipe(Effect.provide(as("two", before)))
        )
        done = Exit.isSuccess(first)
        if (done) expect(steps()).toBeLessThanOrEqual(step)
        fates.set("two", "gone")
        const next = yield* Effect.forEach(
          ["three", "four", "five"],
          (name) => Effect.either(FileLock.tryAcquire(path)).pipe(Effect.provide(as(name, undefined, true))),
          { concurrency: "unbounded" }
        )
        expect(next.filter(Either.isRight)).toHaveLength(1)
        // Only a file that nobody can read any more may be left.
        expect(readdirSync(base).filter((name) => name.startsWith(`${step}.lock.`) && !name.endsWith(".new"))).toEqual(
          []
        )
      }
      expect(step).toBeGreaterThan(6)
    })
  )

  it.scoped(
    "is released by its owner, or left to be taken over, when the owner is killed between any two steps of it",
    () =>
      Effect.gen(function* () {
        const { as, fates } = world()
        const base = yield* directory
        for (let step = 0; step < 8; step++) {
          const path = join(base, `${step}.lock`)
          fates.clear()
          let before: Before = () => {}
          yield* Effect.scoped(
            Effect.gen(function* () {
              yield* FileLock.tryAcquire(path).pipe(Effect.provide(as("one", (...args) => before(...args))))
              before = killedAt(step).before
            })
          ).pipe(Effect.catchAllDefect((defect) => (defect instanceof Killed ? Effect.void : Effect.die(defect))))
          fates.set("one", "gone")
          const lock = yield* FileLock.tryAcquire(path).pipe(Effect.provide(as("two")))
          expect(yield* lock.isHeld).toBe(true)
        }
      })
  )
})
