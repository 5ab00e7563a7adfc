import { describe, expect, it } from "@effect/vitest"
import { type Before, fail, killedAt, layer as disk } from "@tether/vitest/FaultyDisk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import * as Logfmt from "../../src/Logfmt.js"
import * as RotatingFile from "../../src/RotatingFile.js"
import { directory, logged } from "../support/machine.js"
import { putPipe } from "../support/pipe.js"
import { as, beside, file, plain, readAll } from "../support/rotating.js"
import { give, noStrangers, sticky } from "../support/strangers.js"

if (noStrangers !== undefined) console.log(`skipped: rotated files of other users: ${noStrangers}`)

const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `n=${from + n}`)

/** What every reader of the files sees, whoever wrote it: whole lines that parse. */
const parsed = (path: string) =>
  beside(path)
    .filter((name) => /^exits\.log(\.\d+)?$/.test(name))
    .flatMap((name) =>
      readFileSync(join(dirname(path), name), "utf8")
        .split("\n")
        .map((line) => Either.getOrThrow(Logfmt.decode(line)))
    )
    .filter((pairs) => pairs.length > 0)

describe("RotatingFile", () => {
  it.scoped("appends lines to a private file in a private directory", () =>
    Effect.gen(function* () {
      const path = yield* file
      yield* Effect.scoped(
        Effect.gen(function* () {
          const log = yield* RotatingFile.open(path)
          yield* log.append("n=0")
          yield* log.appendAll(["n=1", "n=2"])
          yield* log.appendAll([])
          yield* log.sync
        })
      ).pipe(Effect.provide(plain))
      expect(readFileSync(path, "utf8")).toBe("n=0\nn=1\nn=2\n")
      expect(statSync(path).mode & 0o777).toBe(0o600)
      expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
      expect(yield* readAll(path)).toEqual(numbered(0, 3))
    })
  )

  it.scoped("writes a whole record in one write", () =>
    Effect.gen(function* () {
      const path = yield* file
      let writes = 0
      const log = yield* RotatingFile.open(path).pipe(
        Effect.provide(
          as("one", (operation) => {
            if (operation === "write") writes++
          })
        )
      )
      yield* log.append("x".repeat(100_000))
      expect(writes).toBe(1)
    })
  )

  it.scoped.each(["a\nb", "\n", "", "   ", "a\x18"])("refuses %j as a line", (line) =>
    Effect.gen(function* () {
      const log = yield* RotatingFile.open(yield* file)
      expect(yield* Effect.flip(log.append(line))).toMatchObject({ _tag: "FileError", reason: "Invalid" })
      expect(readFileSync(log.path, "utf8")).toBe("")
    }).pipe(Effect.provide(plain))
  )

  it.scoped.each([
    ["never", 0, 0],
    ["onSync", 0, 1],
    ["always", 1, 1]
  ] as const)(
    "with fsync %s an append syncs %i times, and one that asks for it %i times",
    ([fsync, without, withSync]) =>
      Effect.gen(function* () {
        const path = yield* file
        let syncs = 0
        const counting: Before = (operation, of) => {
          if (operation === "sync" && of === path) syncs++
        }
        const log = yield* RotatingFile.open(path, { fsync }).pipe(Effect.provide(as("one", counting)))
        yield* log.append("n=0")
        expect(syncs).toBe(without)
        syncs = 0
        yield* log.append("n=1", { sync: true })
        expect(syncs).toBe(withSync)
      })
  )

  it.scoped("rotates by size, keeps what it is told to, and leaves no lock", () =>
    Effect.gen(function* () {
      const path = yield* file
      const log = yield* RotatingFile.open(path, { maxBytes: 20, keep: 3 })
      for (const line of numbered(0, 50)) yield* log.append(line)
      expect(beside(path)).toEqual(["exits.log", "exits.log.10", "exits.log.11", "exits.log.9"])
      expect(yield* readAll(path)).toEqual(numbered(34, 50))
      yield* log.rotate
      yield* log.rotate
      expect(beside(path)).toEqual(["exits.log", "exits.log.10", "exits.log.11", "exits.log.12"])
      yield* log.append("after")
      expect(yield* readAll(path)).toEqual([...numbered(38, 50), "after"])
    }).pipe(Effect.provide(plain))
  )

  it.scoped("gives a line that is too long a file of its own", () =>
    Effect.gen(function* () {
      const path = yield* file
      const log = yield* RotatingFile.open(path, { maxBytes: 20 })
      for (const length of [1, 300_000, 1]) yield* log.append("x".repeat(length))
      expect((yield* readAll(path)).map((line) => line.length)).toEqual([1, 300_000, 1])
      expect(beside(path)).toHaveLength(3)
    }).pipe(Effect.provide(plain))
  )

  it.scoped("goes on appending where it cannot rotate, and says so once", () =>
    Effect.gen(function* () {
      const path = yield* file
      const { layer, messages } = logged()
      const before: Before = (operation) => (operation === "rename" ? fail("EACCES") : undefined)
      const log = yield* RotatingFile.open(path, { maxBytes: 20 }).pipe(Effect.provide(as("one", before)))
      yield* Effect.forEach(numbered(0, 20), (line) => log.append(line)).pipe(Effect.provide(layer))
      expect(yield* readAll(path)).toEqual(numbered(0, 20))
      expect(messages).toEqual([`cannot rotate "${path}": permission denied (EACCES)`])
      expect(beside(path)).toEqual(["exits.log"])
    })
  )

  describe("with a slow writer", () => {
    it.scoped("writes into the file that was rotated meanwhile, where the line is read", () =>
      Effect.gen(function* () {
        const path = yield* file
        let slow = false
        const log = yield* RotatingFile.open(path).pipe(
          Effect.provide(
            as("one", (operation) => {
              if (operation !== "write" || !slow) return
              slow = false
              renameSync(path, `${path}.1`)
              writeFileSync(path, "n=2\n")
            })
          )
        )
        yield* log.append("n=0")
        slow = true
        yield* log.append("n=1")
        yield* log.sync
        yield* log.append("n=3")
        expect(readFileSync(`${path}.1`, "utf8")).toBe("n=0\nn=1\n")
        expect(yield* readAll(path)).toEqual(numbered(0, 4))
      })
    )

    it.scoped("appends again what it wrote into a file that was removed meanwhile", () =>
      Effect.gen(function* () {
        const path = yield* file
        let slow = false
        const log = yield* RotatingFile.open(path).pipe(
          Effect.provide(
            as("one", (operation) => {
              if (operation !== "write" || !slow) return
              slow = false
              unlinkSync(path)
            })
          )
        )
        yield* log.append("n=0")
        slow = true
        yield* log.append("n=1")
        // Soon by itself, of which the test clock knows nothing.
        yield* log.sync
        expect(yield* readAll(path)).toEqual(numbered(0, 2))
      })
    )

    it.scoped("saves what comes into a file in the moment of its removal", () =>
      Effect.gen(function* () {
        const path = yield* file
        const log = yield* RotatingFile.open(path, { maxBytes: 5, keep: 1 }).pipe(
          Effect.provide(
            as("one", (operation, of) => {
              if (operation === "remove" && of === `${path}.1`) appendFileSync(of, "n=late\n")
            })
          )
        )
        for (const line of numbered(0, 3)) yield* log.append(line)
        expect(existsSync(`${path}.1`)).toBe(false)
        expect(yield* readAll(path)).toEqual(["n=1", "n=late", "n=2"])
      })
    )

    it.scoped("keeps a rotated file for as long as its last line deserves", () =>
      Effect.gen(function* () {
        const path = yield* file
        const now = Date.now()
        yield* TestClock.setTime(now)
        const log = yield* RotatingFile.open(path, { maxBytes: 5, keep: 2 })
        for (const line of numbered(0, 3)) yield* log.append(line)
        appendFileSync(`${path}.1`, "n=late\n")
        utimesSync(`${path}.1`, now / 1000 + 30, now / 1000 + 30)
        for (const line of numbered(3, 6)) yield* log.append(line)
        expect(yield* readAll(path)).toEqual(["n=0", "n=late", "n=4", "n=5"])
      }).pipe(Effect.provide(plain))
    )

    it.scoped("keeps no file that is dated in the future beyond its turn", () =>
      Effect.gen(function* () {
        const path = yield* file
        yield* TestClock.setTime(Date.now())
        const log = yield* RotatingFile.open(path, { maxBytes: 5, keep: 2 })
        for (const line of numbered(0, 3)) yield* log.append(line)
        utimesSync(`${path}.1`, 4e9, 4e9)
        for (const line of numbered(3, 6)) yield* log.append(line)
        expect(yield* readAll(path)).toEqual(["n=3", "n=4", "n=5"])
      }).pipe(Effect.provide(plain))
    )
  })

  describe("with a torn last line", () => {
    const told: Array<string> = []
    const onTorn = ({ bytes, offset }: RotatingFile.TornLine) =>
      Effect.sync(() => void told.push(`${offset}:${new TextDecoder().decode(bytes)}`))
    const begun = (path: string, content: string) => {
      told.length = 0
      return Effect.scoped(RotatingFile.open(path)).pipe(
        Effect.provide(plain),
        Effect.zipRight(Effect.sync(() => writeFileSync(path, content)))
      )
    }

    it.scoped("blanks it, tells of it once, and goes on", () =>
      Effect.gen(function* () {
        const path = yield* file
        yield* begun(path, "n=0\nn=1 lab")
        expect(yield* readAll(path)).toEqual(["n=0"])
        for (const line of ["n=2", "n=3"]) {
          const log = yield* RotatingFile.open(path, { onTorn })
          yield* log.append(line)
        }
        expect(told).toEqual(["4:n=1 lab"])
        expect(readFileSync(path, "utf8")).toBe("n=0\n       \nn=2\nn=3\n")
        expect(yield* readAll(path)).toEqual(["n=0", "n=2", "n=3"])
      }).pipe(Effect.provide(plain))
    )

    it.scoped("says it in the log unless somebody else is told", () =>
      Effect.gen(function* () {
        const path = yield* file
        const { layer, messages } = logged()
        yield* begun(path, "n=0")
        yield* RotatingFile.open(path).pipe(Effect.provide(layer))
        expect(messages).toEqual([`"${path}" had a torn line of 3 bytes at 0: blanked`])
      }).pipe(Effect.provide(plain))
    )

    it.scoped("leaves alone a line that another process ends just then", () =>
      Effect.gen(function* () {
        const path = yield* file
        yield* begun(path, "n=0\nn=1 la")
        let first = true
        const log = yield* RotatingFile.open(path, { onTorn }).pipe(
          Effect.provide(
            as("one", (operation) => {
              if (operation !== "write" || !first) return
              first = false
              appendFileSync(path, "bel=x\nn=2\n")
            })
          )
        )
        yield* log.append("n=3")
        expect(told).toEqual([])
        expect(readFileSync(path, "utf8")).toBe("n=0\nn=1 label=x\nn=2\n\nn=3\n")
      })
    )

    it.scoped("leaves alone what others append while it repairs", () =>
      Effect.gen(function* () {
        const path = yield* file
        yield* begun(path, "n=0\nn=1 la")
        const log = yield* RotatingFile.open(path, { onTorn }).pipe(
          Effect.provide(
            as("one", (operation, of) => {
              if (operation === "fstat" && readFileSync(of, "utf8").endsWith("\x18")) appendFileSync(path, "n=2\n")
            })
          )
        )
        yield* log.append("n=3")
        expect(told).toEqual(["4:n=1 la"])
        expect(yield* readAll(path)).toEqual(["n=0", "n=2", "n=3"])
        expect(parsed(path)).toHaveLength(3)
      })
    )

    it.scoped("is repaired by many at once", () =>
      Effect.gen(function* () {
        const path = yield* file
        yield* begun(path, `n=0\nn=1 ${"x".repeat(70_000)}`)
        yield* Effect.forEach(
          numbered(2, 8),
          (line) =>
            Effect.gen(function* () {
              const log = yield* RotatingFile.open(path, { onTorn })
              yield* log.append(line)
            }).pipe(Effect.provide(as(line, undefined, true))),
          { concurrency: "unbounded" }
        )
        expect((yield* readAll(path)).sort()).toEqual(["n=0", ...numbered(2, 8)])
        expect(parsed(path)).toHaveLength(7)
      })
    )

    it.scoped("repairs what another process has left while it was open itself", () =>
      Effect.gen(function* () {
        const path = yield* file
        const log = yield* RotatingFile.open(path, { onTorn })
        yield* log.append("n=0")
        told.length = 0
        appendFileSync(path, "n=1 la")
        yield* TestClock.adjust("1 second")
        yield* log.append("n=2")
        expect(told).toEqual(["4:n=1 la"])
        expect(yield* readAll(path)).toEqual(["n=0", "n=2"])
      }).pipe(Effect.provide(plain))
    )

    it.scoped("appends again what came to stand behind a line that another process has torn right then", () =>
      Effect.gen(function* () {
        const path = yield* file
        const log = yield* RotatingFile.open(path, { onTorn })
        yield* log.append("n=0")
        yield* log.sync
        appendFileSync(path, "n=1 la")
        yield* log.append("n=2")
        yield* log.sync
        yield* log.append("n=3")
        expect(yield* readAll(path)).toEqual(["n=0", "n=1 lan=2", "n=2", "n=3"])
      }).pipe(Effect.provide(plain))
    )

    it.scoped("appends once what came to stand behind whole lines of another process", () =>
      Effect.gen(function* () {
        const path = yield* file
        const log = yield* RotatingFile.open(path, { onTorn })
        yield* log.append("n=0")
        yield* log.sync
        appendFileSync(path, "n=1\nn=2\n")
        yield* log.append("n=3")
        yield* log.append("n=4")
        expect(yield* readAll(path)).toEqual(numbered(0, 5))
      }).pipe(Effect.provide(plain))
    )
  })

  it.scoped("is not harmed by a logger that throws", () =>
    Effect.gen(function* () {
      const path = yield* file
      const throws = Logger.replace(
        Logger.defaultLogger,
        Logger.make(() => {
          throw new Error("as the test wants it")
        })
      )
      const before: Before = (operation) => (operation === "rename" ? fail("EACCES") : undefined)
      yield* Effect.gen(function* () {
        const log = yield* RotatingFile.open(path, { maxBytes: 5 })
        appendFileSync(path, "n=torn")
        yield* TestClock.adjust("1 second")
        for (const line of numbered(0, 3)) yield* log.append(line)
      }).pipe(Effect.provide(Layer.merge(as("one", before), throws)))
      expect(yield* readAll(path)).toEqual(numbered(0, 3))
    })
  )

  describe("on a full disk", () => {
    it.scoped("opens, torn last line or not, and repairs it when there is room", () =>
      Effect.gen(function* () {
        const path = yield* file
        yield* Effect.scoped(RotatingFile.open(path)).pipe(Effect.provide(plain))
        writeFileSync(path, "n=0\nn=1 la")
        let full = true
        const before: Before = (operation) => (full && operation === "write" ? fail("ENOSPC") : undefined)
        const log = yield* RotatingFile.open(path, { onTorn: () => Effect.void }).pipe(
          Effect.provide(as("one", before))
        )
        full = false
        yield* log.append("n=2")
        expect(yield* readAll(path)).toEqual(["n=0", "n=2"])
      })
    )

    it.scoped("fails typed, and has not changed anything", () =>
      Effect.gen(function* () {
        const path = yield* file
        let full = false
        const before: Before = (operation) => (full && operation === "write" ? fail("ENOSPC") : undefined)
        const log = yield* RotatingFile.open(path).pipe(Effect.provide(as("one", before)))
        yield* log.append("n=0")
        full = true
        const error = yield* Effect.flip(log.append("n=1"))
        expect(error).toMatchObject({ _tag: "FileError", reason: "NoSpace", code: "ENOSPC" })
        expect(error.message).toBe(`cannot append to "${path}": no space is left (ENOSPC)`)
        full = false
        yield* log.append("n=2")
        expect(yield* readAll(path)).toEqual(["n=0", "n=2"])
      })
    )

    it.scoped("fails typed after half a line, and repairs it as soon as there is room", () =>
      Effect.gen(function* () {
        const path = yield* file
        let room = Number.POSITIVE_INFINITY
        const before: Before = (operation) => {
          if (operation !== "write") return
          if (room === 0) fail("ENOSPC")
          const allowed = room
          room = Number.isFinite(room) ? 0 : room
          return allowed
        }
        const log = yield* RotatingFile.open(path).pipe(Effect.provide(as("one", before)))
        yield* log.append("n=0")
        room = 3
        expect(yield* Effect.flip(log.append("n=1 label=x"))).toMatchObject({ reason: "NoSpace" })
        expect(yield* Effect.flip(log.append("n=2"))).toMatchObject({ reason: "NoSpace" })
        expect(yield* readAll(path)).toEqual(["n=0"])
        room = Number.POSITIVE_INFINITY
        yield* log.append("n=3")
        expect(yield* readAll(path)).toEqual(["n=0", "n=3"])
        expect(parsed(path)).toHaveLength(2)
      })
    )
  })

  it.scoped("has every acknowledged line, once, after a kill between any two steps", () =>
    Effect.gen(function* () {
      const base = yield* directory
      let step = 0
      for (let done = false; !done; step++) {
        const path = join(base, String(step), "exits.log")
        const acknowledged: Array<string> = []
        const program = Effect.gen(function* () {
          const scope = yield* Scope.make()
          const log = yield* Scope.extend(RotatingFile.open(path, { maxBytes: 12, keep: 100 }), scope)
          for (const line of numbered(0, 9)) {
            yield* log.append(line)
            acknowledged.push(line)
          }
        })
        const outcome = yield* Effect.exit(program.pipe(Effect.provide(as("one", killedAt(step).before))))
        done = Exit.isSuccess(outcome)
        yield* Effect.scoped(
          Effect.gen(function* () {
            const log = yield* RotatingFile.open(path, { maxBytes: 12, keep: 100 })
            yield* log.append("n=next")
            yield* log.append("n=last")
          })
        ).pipe(Effect.provide(as("two")))
        const lines = yield* readAll(path)
        expect(lines.slice(0, acknowledged.length)).toEqual(acknowledged)
        expect(lines.slice(-2)).toEqual(["n=next", "n=last"])
        expect(lines.length - acknowledged.length).toBeLessThanOrEqual(3)
        expect(parsed(path)).toHaveLength(lines.length)
      }
      expect(step).toBeGreaterThan(30)
    })
  )

  describe("file by file", () => {
    it.scoped("has those that are there when it is asked, and keeps them open", () =>
      Effect.gen(function* () {
        const path = yield* file
        expect(yield* RotatingFile.files(path)).toEqual([])
        const log = yield* RotatingFile.open(path, { maxBytes: 8, keep: 1 })
        yield* log.appendAll(["n=0"])
        const [found] = yield* RotatingFile.files(path)
        for (const line of numbered(1, 10)) yield* log.append(line)
        expect([...(yield* Stream.runCollect(found?.lines() ?? Stream.empty))]).toEqual(["n=0"])
      }).pipe(Effect.provide(plain))
    )
  })

  describe("followed", () => {
    it.scoped("gives what is there and what comes, across rotations and removals", () =>
      Effect.gen(function* () {
        const path = yield* file
        const log = yield* RotatingFile.open(path, { maxBytes: 12, keep: 2 })
        yield* log.append("n=0")
        const reader = yield* Effect.fork(Stream.runCollect(Stream.take(RotatingFile.follow(path), 40)))
        for (const line of numbered(1, 40)) {
          yield* log.append(line)
          yield* TestClock.adjust("200 millis")
        }
        expect([...(yield* Fiber.join(reader))]).toEqual(numbered(0, 40))
      }).pipe(Effect.provide(plain))
    )

    it.scoped("waits for a file that is not there, and goes on after a stranger has removed it", () =>
      Effect.gen(function* () {
        const path = yield* file
        const reader = yield* Effect.fork(Stream.runCollect(Stream.take(RotatingFile.follow(path), 3)))
        yield* TestClock.adjust("1 second")
        const log = yield* RotatingFile.open(path)
        yield* log.append("n=0")
        yield* TestClock.adjust("1 second")
        yield* log.append("n=1")
        // Otherwise it would be appended again, because nobody would find it there.
        yield* log.sync
        unlinkSync(path)
        yield* log.append("n=2")
        yield* TestClock.adjust("1 second")
        expect([...(yield* Fiber.join(reader))]).toEqual(numbered(0, 3))
      }).pipe(Effect.provide(plain))
    )

    it.scoped("gives only what comes, from the end on, and no half lines", () =>
      Effect.gen(function* () {
        const path = yield* file
        const log = yield* RotatingFile.open(path)
        yield* log.append("n=0")
        appendFileSync(path, "n=1 la")
        const reader = yield* Effect.fork(Stream.runCollect(Stream.take(RotatingFile.follow(path, { from: "end" }), 2)))
        yield* TestClock.adjust("1 second")
        appendFileSync(path, "bel=x\n")
        yield* TestClock.adjust("1 second")
        yield* log.append("n=2")
        yield* TestClock.adjust("1 second")
        expect([...(yield* Fiber.join(reader))]).toEqual(["n=1 label=x", "n=2"])
      }).pipe(Effect.provide(plain))
    )

    it.scoped("reads what a slow writer adds to a rotated file, and never a torn line", () =>
      Effect.gen(function* () {
        const path = yield* file
        const log = yield* RotatingFile.open(path, { onTorn: () => Effect.void })
        yield* log.append("n=0")
        const reader = yield* Effect.fork(Stream.runCollect(Stream.take(RotatingFile.follow(path), 4)))
        yield* TestClock.adjust("1 second")
        yield* log.rotate
        yield* log.append("n=1")
        yield* TestClock.adjust("1 second")
        appendFileSync(`${path}.1`, "n=late\n")
        appendFileSync(path, "n=torn la")
        yield* TestClock.adjust("1 second")
        yield* log.append("n=2")
        yield* TestClock.adjust("1 second")
        expect([...(yield* Fiber.join(reader))]).toEqual(["n=0", "n=1", "n=late", "n=2"])
      }).pipe(Effect.provide(plain))
    )

    it.scoped("says how many files it has missed", () =>
      Effect.gen(function* () {
        const path = yield* file
        const { layer, messages } = logged()
        const log = yield* RotatingFile.open(path, { maxBytes: 5, keep: 1 })
        yield* log.append("n=0")
        const reader = yield* Effect.fork(Stream.runDrain(RotatingFile.follow(path)).pipe(Effect.provide(layer)))
        yield* TestClock.adjust("1 second")
        for (const line of numbered(1, 10)) yield* log.append(line)
        yield* TestClock.adjust("1 second")
        yield* Fiber.interrupt(reader)
        // Of nine that were rotated, the first was open and the last is there.
        expect(messages).toEqual([`7 files of "${path}" came and went unread`])
      }).pipe(Effect.provide(plain))
    )
  })
})

/** A log with one line in a directory such as `/tmp`, and what another user puts there. */
const besideStrangers = (planted: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const path = join(sticky(yield* directory), "exits.log")
    for (const name of planted) {
      writeFileSync(`${path}.${name}`, "theirs=1\n")
      give(`${path}.${name}`)
      utimesSync(`${path}.${name}`, 4_070_908_800, 4_070_908_800)
    }
    const log = yield* RotatingFile.open(path, { keep: 2 }).pipe(Effect.provide(plain))
    yield* log.append("n=0")
    return { log, path }
  })

describe.skipIf(noStrangers !== undefined)("rotated files of another user in a sticky directory", () => {
  it.scoped("are not read", () =>
    Effect.gen(function* () {
      const { log, path } = yield* besideStrangers(["1", "7"])
      expect(yield* readAll(path)).toEqual(["n=0"])
      const kept = yield* Effect.provide(RotatingFile.files(path), disk())
      expect(kept).toHaveLength(1)
      const follower = yield* Effect.fork(
        Stream.runCollect(Stream.take(RotatingFile.follow(path), 2)).pipe(Effect.provide(disk()))
      )
      yield* log.append("n=1")
      yield* TestClock.adjust("1 second")
      expect([...(yield* Fiber.join(follower))]).toEqual(["n=0", "n=1"])
    })
  )

  it.scoped("do not number a file past what is read", () =>
    Effect.gen(function* () {
      const { log, path } = yield* besideStrangers(["999999999999999", "1"])
      yield* log.rotate
      yield* log.append("n=1")
      expect(beside(path)).toEqual(["exits.log", "exits.log.1", "exits.log.2", "exits.log.999999999999999"])
      expect(yield* readAll(path)).toEqual(["n=0", "n=1"])
    })
  )

  it.scoped("do not have files of ours removed", () =>
    Effect.gen(function* () {
      const { log, path } = yield* besideStrangers(["1", "2", "3"])
      yield* log.rotate
      yield* log.append("n=1")
      expect(yield* readAll(path)).toEqual(["n=0", "n=1"])
    })
  )
})

describe("names of rotated files", () => {
  it.scoped("that are links or pipes are passed over", () =>
    Effect.gen(function* () {
      const path = yield* file
      const log = yield* RotatingFile.open(path).pipe(Effect.provide(plain))
      yield* log.append("n=0")
      writeFileSync(join(dirname(path), "other"), "other=1\n")
      symlinkSync("other", `${path}.1`)
      putPipe(`${path}.2`)
      expect(yield* readAll(path)).toEqual(["n=0"])
    })
  )

  it.scoped("end with the highest that is read: the active file grows instead", () =>
    Effect.gen(function* () {
      const path = yield* file
      const log = yield* RotatingFile.open(path, { maxBytes: 4 }).pipe(Effect.provide(plain))
      yield* log.append("n=1")
      writeFileSync(`${path}.999999999999999`, "n=0\n")
      expect(yield* Effect.flip(log.rotate)).toMatchObject({ _tag: "FileError", reason: "Invalid" })
      const { layer, messages } = logged()
      yield* log.append("n=2").pipe(Effect.provide(layer))
      expect(messages.join()).toMatch(/a rotated file already has the highest number, 999999999999999; rename it/)
      expect(yield* readAll(path)).toEqual(["n=0", "n=1", "n=2"])
    })
  )
})

describe("a line of more than 16 MiB", () => {
  const length = 16 * 1024 * 1024 + 1
  const notice = `(a line of ${length} bytes, longer than 16777216, is not shown)`

  it.scoped("is refused by append", () =>
    Effect.gen(function* () {
      const log = yield* RotatingFile.open(yield* file).pipe(Effect.provide(plain))
      const error = yield* Effect.flip(log.append("x".repeat(length)))
      expect(error.message).toContain("a line must not be longer than 16777216 bytes")
    })
  )

  it.scoped("is passed over by every reader, which says so", () =>
    Effect.gen(function* () {
      const path = yield* file
      yield* Effect.scoped(
        Effect.flatMap(RotatingFile.open(path), (log) => log.append("n=0")).pipe(Effect.provide(plain))
      )
      appendFileSync(path, `${"\0".repeat(length)}\nn=1\n`)
      const wanted = ["n=0", notice, "n=1"]
      expect(yield* readAll(path)).toEqual(wanted)
      const [kept] = yield* Effect.provide(RotatingFile.files(path), disk())
      expect(kept === undefined ? [] : [...(yield* Stream.runCollect(kept.lines()))]).toEqual(wanted)
      expect(kept === undefined ? [] : [...(yield* Stream.runCollect(kept.backwards))]).toEqual(wanted.toReversed())
    })
  )

  it.scoped("that is torn gets its newline without being read into memory", () =>
    Effect.gen(function* () {
      const path = yield* file
      yield* Effect.scoped(
        Effect.flatMap(RotatingFile.open(path), (log) => log.append("n=0")).pipe(Effect.provide(plain))
      )
      appendFileSync(path, "\0".repeat(length))
      const torn: Array<RotatingFile.TornLine> = []
      const log = yield* RotatingFile.open(path, { onTorn: (line) => Effect.sync(() => torn.push(line)) }).pipe(
        Effect.provide(plain)
      )
      yield* log.append("n=1")
      expect(torn.map(({ bytes, offset }) => [offset, bytes.length])).toEqual([[4, 65_536]])
      expect(yield* readAll(path)).toEqual(["n=0", notice, "n=1"])
    })
  )
})
