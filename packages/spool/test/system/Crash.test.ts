/**
 * What becomes of a spool when a process is killed, or the disk does not do its part.
 */
import { describe, expect, it } from "@effect/vitest"
import { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as FaultyDisk from "@tether/vitest/FaultyDisk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { setImmediate } from "node:timers/promises"
import { withJumps } from "../../../host/test/support/clocks.js"
import type * as Spool from "../../src/Spool.js"
import { filesIn, folder, make, quiet, type Task, Taker, waitUntil } from "../support/spools.js"

/** Every process of an earlier life is gone. */
const identityOf = (life: number) =>
  Layer.succeed(ProcessIdentity, {
    identify: (pid) =>
      Effect.succeed(Option.some({ pid, startToken: `life ${life}`, bootId: "boot", pidNamespace: undefined })),
    liveness: ({ startToken }) => Effect.succeed(startToken === `life ${life}` ? "alive" : "gone")
  })

/** The disk of a test is synchronous, and its worker must answer vitest now and then. */
const turnOfLoop = Effect.promise(() => setImmediate())

const lifeOf = <A, E>(
  life: number,
  directory: string,
  before: FaultyDisk.Before,
  use: (spool: Spool.Spool<Task>) => Effect.Effect<A, E>
) =>
  Effect.zipRight(turnOfLoop, Effect.flatMap(make(directory), use)).pipe(
    Effect.provide(Layer.merge(FaultyDisk.layer(before), identityOf(life))),
    Effect.provide(quiet)
  )

const always: FaultyDisk.Before = () => {}

const three = [{ n: 1 }, { n: 2 }, { n: 3 }]

describe("kill -9 at every step", () => {
  it.scoped("of a put leaves all of it or nothing, and all of it where it has succeeded", () =>
    Effect.gen(function* () {
      for (let step = 0; ; step++) {
        const directory = yield* folder
        const death = FaultyDisk.killedAt(step)
        const exit = yield* Effect.exit(lifeOf(1, directory, death.before, (spool) => spool.put(three)))
        const taker = new Taker()
        yield* lifeOf(2, directory, always, (spool) => spool.drain(taker.handle))
        if (Exit.isSuccess(exit) || taker.taken.length > 0) expect(taker.taken).toEqual([1, 2, 3])
        if (death.steps() <= step) return expect(exit._tag).toBe("Success")
      }
    })
  )

  it.scoped("of a pass leaves every record to be done exactly once, by its key", () =>
    Effect.gen(function* () {
      for (let step = 0; ; step++) {
        yield* TestClock.setTime(Date.now())
        const directory = yield* folder
        yield* lifeOf(0, directory, always, (spool) =>
          Effect.all([
            spool.put(three, { name: "a" }),
            spool.put([{ n: 4 }, { n: 5 }], { name: "b" }),
            spool.put([], { name: "c" })
          ])
        )
        const taker = new Taker()
        taker.fails = (n) => n === 2
        const death = FaultyDisk.killedAt(step)
        // One pass in which something fails, one in which that is tried again.
        yield* Effect.exit(
          lifeOf(1, directory, death.before, (spool) =>
            spool.drain(taker.handle, { records: 2 }).pipe(
              Effect.zipRight(spool.drain(taker.handle)),
              Effect.zipRight(TestClock.adjust("1 minute")),
              Effect.zipRight(
                Effect.sync(() => {
                  taker.fails = () => false
                })
              ),
              Effect.zipRight(spool.drain(taker.handle))
            )
          )
        )
        taker.fails = () => false
        yield* TestClock.adjust("10 minutes")
        // What failed in the first pass is tried again a minute after the second has gone through the rest.
        const passes = lifeOf(2, directory, always, (spool) =>
          Effect.zipRight(
            Effect.zipRight(spool.drain(taker.handle), TestClock.adjust("2 minutes")),
            spool.drain(taker.handle)
          )
        )
        expect(yield* passes).toMatchObject({ failed: 0, remaining: 0, stoppedBy: "end" })
        expect(taker.taken.toSorted()).toEqual([1, 2, 3, 4, 5])
        expect(filesIn(directory).filter((name) => !name.startsWith("state/"))).toEqual([])
        if (death.steps() <= step) return expect(step).toBeGreaterThan(20)
      }
    })
  )
})

describe("a disk that refuses", () => {
  const refusals: ReadonlyArray<readonly [string, string, string]> = [
    ["is full", "write", "ENOSPC"],
    ["is read-only", "open", "EROFS"],
    ["is not ours", "link", "EACCES"]
  ]
  it.scoped.each(refusals)("has put fail with its reason, and nothing is there: one that %s", ([, operation, code]) =>
    Effect.gen(function* () {
      const directory = yield* folder
      yield* lifeOf(0, directory, always, () => Effect.void)
      const error = yield* Effect.flip(
        lifeOf(
          1,
          directory,
          (asked) => (asked === operation ? FaultyDisk.fail(code) : undefined),
          (spool) => spool.put(three)
        )
      )
      expect(error).toMatchObject({ _tag: "FileError", code })
      expect(filesIn(directory)).toEqual([])
    })
  )

  it.scoped("in the middle of a pass fails that, and what is left is drained when it can be", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      yield* lifeOf(0, directory, always, (spool) =>
        Effect.all([spool.put(three, { name: "a" }), spool.put([{ n: 4 }], { name: "b" })])
      )
      const taker = new Taker()
      taker.fails = (n) => n === 2
      let isFull = false
      const before: FaultyDisk.Before = (operation, path) => {
        if (isFull && operation === "write" && !path.includes("claims")) FaultyDisk.fail("ENOSPC")
      }
      const report = yield* lifeOf(1, directory, before, (spool) =>
        spool.drain((item) =>
          Effect.suspend(() => {
            isFull = true
            return taker.handle(item)
          })
        )
      )
      // What failed of the first cannot be noted, and the second is taken all the same.
      expect(report).toMatchObject({ filesDrained: 1, filesFailed: 1, inserted: 3 })
      taker.fails = () => false
      yield* lifeOf(1, directory, always, (spool) => spool.drain(taker.handle))
      expect(taker.taken.toSorted()).toEqual([1, 2, 3, 4])
      expect(filesIn(directory)).toEqual([])
    })
  )
})

describe("many at once", () => {
  const seconds = Number(process.env["TETHER_SPOOL_SECONDS"] ?? "2")

  const run = (name: string, ...args: ReadonlyArray<string>) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn(
          process.execPath,
          [join(import.meta.dirname, "../../node_modules/.programs", name), ...args],
          {
            stdio: ["pipe", "pipe", "inherit"]
          }
        )
        let output = ""
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          output += text
        })
        return { child, closed: once(child, "close"), output: () => output }
      }),
      ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
    )

  it.scopedLive(
    `four drainers, of which some are killed, and ten producers for ${seconds} s: all is done once`,
    () =>
      Effect.gen(function* () {
        const [directory, taken] = [join(yield* folder, "spool"), join(yield* folder, "taken")]
        mkdirSync(taken)
        const producers = yield* Effect.forEach(
          Array.from({ length: 10 }, (_, index) => index),
          (index) => run("producing.mjs", directory, String(index * 1_000_000))
        )
        const drainers = yield* Effect.forEach([0, 1, 2, 3], () => run("draining.mjs", directory, taken))
        yield* waitUntil(
          Effect.sync(() => [...producers, ...drainers].every(({ output }) => output().startsWith("up\n")))
        )
        // Killed in the middle of their work, as may be, and replaced.
        for (let round = 0; round < 4; round++) {
          yield* Effect.sleep(`${seconds * 250} millis`)
          // On a busy machine it takes longer until there is something to be killed in the middle of.
          yield* waitUntil(
            Effect.sync(() => readdirSync(taken).filter((name) => name.startsWith("key-")).length > 30 * (round + 1))
          )
          const victim = drainers[round]
          victim?.child.kill("SIGKILL")
          drainers.push(yield* run("draining.mjs", directory, taken))
        }
        for (const { child } of producers) child.stdin.end()
        yield* Effect.forEach(producers, ({ closed }) => Effect.promise(() => closed))
        for (const { child } of drainers) child.stdin.end()
        const ends = yield* Effect.forEach(drainers.slice(4), ({ closed }) => Effect.promise(() => closed))
        expect(ends.map(([code]) => code)).toEqual([0, 0, 0, 0])

        const counts = producers.map(({ output }) => Number(/^put (\d+)$/m.exec(output())?.[1]))
        const wanted = counts.flatMap((count, index) => Array.from({ length: count }, (_, n) => index * 1_000_000 + n))
        const names = readdirSync(taken)
        const done = names.flatMap((name) => (name.startsWith("key-") ? [Number(name.slice(4))] : []))
        expect(done.toSorted((a, b) => a - b)).toEqual(wanted)
        expect(wanted.length).toBeGreaterThan(100)
        // Handed over twice is only what was in the hands of one that was killed.
        const handed = names
          .filter((name) => name.startsWith("by-"))
          .flatMap((name) => readFileSync(join(taken, name), "utf8").trim().split("\n"))
        expect(handed.length - wanted.length).toBeLessThanOrEqual(4 * 100)
        // A pass a minute later removes what one that was killed has left of the lock that it was taking.
        const taker = new Taker()
        yield* withJumps([120_000])(lifeOf(2, directory, always, (spool) => spool.drain(taker.handle)))
        expect(taker.taken).toEqual([])
        expect(filesIn(directory).filter((name) => !name.startsWith("state/"))).toEqual([])
        console.log(
          `${wanted.length} records of ${counts.length} producers, ${handed.length - wanted.length} handed over twice`
        )
      }),
    (seconds + 120) * 1000
  )
})
