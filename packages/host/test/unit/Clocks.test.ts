/**
 * Waits, and dates of files, while the clock is set to and fro.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { statSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as FileLock from "../../src/FileLock.js"
import * as FileTime from "../../src/FileTime.js"
import { jumps, withJumps } from "../support/clocks.js"
import { abandoned, world } from "../support/locks.js"
import { directory } from "../support/machine.js"
import { plain } from "../support/rotating.js"

it.effect.prop(
  "a lock is waited for as long as was asked",
  [jumps],
  ([offsets]) =>
    Effect.gen(function* () {
      const all = world()
      const path = join(yield* directory, "a.lock")
      yield* abandoned(path, all, "still")
      const claim = yield* Effect.fork(
        Effect.scoped(FileLock.acquire(path, { wait: "10 seconds", pollEvery: "3 seconds" })).pipe(
          Effect.flip,
          Effect.provide(all.as("two")),
          withJumps(offsets)
        )
      )
      yield* TestClock.adjust("9900 millis")
      expect(claim.unsafePoll()).toBe(null)
      yield* TestClock.adjust("100 millis")
      expect(yield* Fiber.join(claim)).toMatchObject({ _tag: "LockHeld" })
    }).pipe(Effect.scoped),
  { fastCheck: { numRuns: 10 } }
)

it.scoped("a file that is dated in the future is dated anew, once", () =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = join(yield* directory, "a")
    writeFileSync(path, "")
    utimesSync(path, 4e9, 4e9)
    yield* TestClock.setTime(1e12)
    const look = Effect.flatMap(fs.stat(path), (info) => FileTime.pastTime(path, info))
    expect(yield* look).toEqual(Option.some(1e12))
    yield* TestClock.adjust("1 hour")
    expect(yield* look).toEqual(Option.some(1e12))
    expect(statSync(path).mtimeMs).toBe(1e12)
  }).pipe(Effect.provide(plain))
)
