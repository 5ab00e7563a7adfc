import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as AtomicFile from "../../src/AtomicFile.js"
import { directory, live, run, waitUntil } from "../support/machine.js"

const beside = (path: string) => readdirSync(dirname(path)).sort()

describe("AtomicFile", () => {
  it.live("is never seen half, though its writers are killed at random instants", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a")
      const whole = (text: string) => /^(\d+):(x*)$/.exec(text)
      let kills = 0
      while (kills < 8) {
        const writer = yield* run("replacer.mjs", path)
        yield* waitUntil("it writes", () => writer.output().includes("writing"))
        const until = performance.now() + Math.random() * 40
        yield* waitUntil("it has written for a while", () => {
          const found = existsSync(path) ? whole(readFileSync(path, "utf8")) : ["", "0", ""]
          expect(found).not.toBeNull()
          expect(found?.[2]).toHaveLength(Number(found?.[1]))
          return performance.now() > until
        })
        writer.child.kill("SIGKILL")
        yield* writer.ended
        kills++
      }
      expect(yield* AtomicFile.sweep(path, { olderThan: -1000 })).toBeGreaterThanOrEqual(0)
      expect(beside(path)).toEqual(["a"])
    }).pipe(Effect.scoped, Effect.provide(live))
  )
})
