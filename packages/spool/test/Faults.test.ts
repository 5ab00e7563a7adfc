/**
 * What becomes of a spool when the system is slow, full or in disorder, and when those who use it err.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { mkdirSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { filesIn, folder, host, make, quiet, type Task, Taker } from "./support/spools.js"

const numbers = (count: number, from = 1): ReadonlyArray<Task> => Array.from({ length: count }, (_, index) => ({ n: from + index }))

/** The file system with some operations of our own. */
const changed = (change: (real: FileSystem.FileSystem) => Partial<FileSystem.FileSystem>) =>
  Effect.updateService(FileSystem.FileSystem, (real) => ({ ...real, ...change(real) }))

describe("what a drainer has claimed", () => {
  it.scopedLive("is not lost where it is interrupted while it claims, and the system is slow", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const begun = yield* Deferred.make<void>()
      let land = () => {}
      const isClaim = (to: string) => to.includes("/claims/")
      yield* Effect.gen(function*() {
        const spool = yield* make(directory)
        yield* spool.put(numbers(3))
        const taker = new Taker()
        const pass = yield* Effect.fork(spool.drain(taker.handle))
        yield* Deferred.await(begun)
        yield* Fiber.interrupt(pass)
        expect(yield* spool.stats).toMatchObject({ ready: 1, claimed: 0 })
        expect(taker.taken).toEqual([])
      }).pipe(changed((real) => ({
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
      })))
    }).pipe(Effect.provide(host), Effect.provide(quiet)))

  it.scopedLive("is put back where it comes into the claims of one that is gone while these are emptied", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const claims = join(directory, "claims/01M8J3GD3XNJVESYQK7MDRPNP3")
      const write = (name: string, n: number) => writeFileSync(join(claims, name), `{"version":1}\n{"n":${n}}\n`)
      let isLate = false
      const taker = new Taker()
      yield* Effect.gen(function*() {
        const spool = yield* make(directory)
        mkdirSync(claims)
        write("a.jsonl", 1)
        expect(yield* spool.drain(taker.handle)).toMatchObject({ inserted: 2, remaining: 0 })
      }).pipe(changed((real) => ({
        readDirectory: (path, options) =>
          Effect.tap(real.readDirectory(path, options), () => {
            if (path !== claims || isLate) return Effect.void
            isLate = true
            return Effect.sync(() => write("b.jsonl", 2))
          })
      })))
      expect(taker.taken).toEqual([1, 2])
      expect(filesIn(directory)).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet)))
})
