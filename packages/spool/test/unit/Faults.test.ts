/**
 * What becomes of a spool when the system is slow, full or in disorder, and when those who use it err.
 */
import { describe, expect, it } from "@effect/vitest"
import * as SortableId from "@tether/host/SortableId"
import * as FaultyDisk from "@tether/vitest/FaultyDisk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import * as Answer from "../../src/Answer.js"
import * as Spool from "../../src/Spool.js"
import { putPipe } from "../support/pipe.js"
import { changed, numbers, filesIn, folder, host, logged, make, quiet, type Task, Taker } from "../support/spools.js"

describe("what a drainer has claimed", () => {
  it.scoped("is put back where it comes into the claims of one that is gone while these are emptied", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const claims = join(directory, "claims/01M8J3GD3XNJVESYQK7MDRPNP3")
      const write = (name: string, n: number) => writeFileSync(join(claims, name), `{"version":1}\n{"n":${n}}\n`)
      let isLate = false
      const taker = new Taker()
      yield* Effect.gen(function* () {
        const spool = yield* make(directory)
        mkdirSync(claims)
        write("a.jsonl", 1)
        expect(yield* spool.drain(taker.handle)).toMatchObject({ inserted: 2, remaining: 0 })
      }).pipe(
        changed((real) => ({
          readDirectory: (path, options) =>
            Effect.tap(real.readDirectory(path, options), () => {
              if (path !== claims || isLate) return Effect.void
              isLate = true
              return Effect.sync(() => write("b.jsonl", 2))
            })
        }))
      )
      expect(taker.taken).toEqual([1, 2])
      expect(filesIn(directory)).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )
})

describe("what is not taken, and uses up each pass,", () => {
  it.scoped("does not keep the others waiting for ever", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.now())
      const directory = yield* folder
      const spool = yield* make(directory)
      yield* spool.put(numbers(3), { name: "a" })
      yield* spool.put([{ n: 9 }], { name: "z" })
      const taker = new Taker()
      taker.fails = (n) => n < 9
      const brief = spool.drain(taker.handle, { records: 2 })
      expect(yield* brief).toMatchObject({ failed: 2, stoppedBy: "records" })
      expect(yield* brief).toMatchObject({ inserted: 1, failed: 1 })
      // Each round takes two passes, and the next one waits.
      for (const wait of [60, 120, 240]) {
        yield* TestClock.adjust(`${wait} seconds`)
        expect(yield* brief).toMatchObject({ failed: 2, filesFailed: 0 })
        expect(yield* brief).toMatchObject({ failed: 1, filesFailed: 1 })
        expect(yield* brief).toMatchObject({ failed: 0 })
      }
      expect(yield* spool.deadLetters).toMatchObject([{ attempts: 4, unsettled: 3, error: "not 1" }])
      expect(filesIn(directory).filter((name) => !/^(?:state|dead)/.test(name))).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )
})

describe("what others have written, and throws,", () => {
  const throws = (n: number): string => {
    if (n === 1) throw new Error("hunter2")
    return String(n)
  }

  it.scoped("makes no key: the record is evidence, and the others are taken", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory, { keyOf: ({ n }) => throws(n) })
      yield* spool.put(numbers(2), { name: "a" })
      yield* spool.put([{ n: 3 }], { name: "b" })
      const taker = new Taker()
      expect(yield* spool.drain(taker.handle)).toMatchObject({
        inserted: 2,
        failed: 1,
        filesFailed: 1,
        filesDrained: 1,
        remaining: 0
      })
      expect(yield* spool.deadLetters).toMatchObject([
        { error: "record 1: it has no key: `keyOf` throws", unsettled: 1 }
      ])
      const live = spool.take({ version: 1 }, [`{"n":1}`, `{"n":4}`], taker.handle)
      expect(yield* live).toEqual({ inserted: 1, reinforced: 0, skipped: 0, failed: 1 })
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("is no schema: the line is no record, and can be looked past", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const schema = Schema.transform(Schema.Int, Schema.Int, { decode: (n) => Number(throws(n)), encode: (n) => n })
      const spool = yield* Spool.make({ directory, schema, fsync: false })
      writeFileSync(join(directory, "a.jsonl"), `{"version":1}\n1\n2\n`)
      expect((yield* spool.peek()).map(({ records }) => records)).toEqual([[2]])
      expect(yield* spool.drain(() => Effect.succeed(Answer.done))).toMatchObject({
        inserted: 1,
        failed: 1,
        filesFailed: 1,
        remaining: 0
      })
      expect(yield* spool.deadLetters).toMatchObject([{ error: "record 1: it is not a record: the schema throws" }])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )
})

describe("a state", () => {
  /** A file of two records, with a state of which some fields are as given. */
  const withState = (directory: string, name: string, fields: object) => {
    const path = join(directory, name)
    writeFileSync(path, `{"version":1}\n{"n":1}\n{"n":2}\n`)
    const { ino, mtime, size } = statSync(path)
    const state = {
      inode: ino,
      size,
      changedAt: mtime.getTime(),
      position: 0,
      offset: 0,
      unsettled: [],
      malformed: 0,
      isThrough: false,
      tried: 0,
      behindSince: 0,
      attempts: 0,
      nextAt: 0
    }
    writeFileSync(join(directory, "state", name), JSON.stringify({ ...state, ...fields }))
  }
  const unsettled = (fields: object) => ({
    position: 2,
    offset: 30,
    isThrough: true,
    attempts: 1,
    unsettled: [{ position: 1, offset: 14, count: 1, error: "no", isMalformed: false, ...fields }]
  })

  it.scoped("is believed where it makes sense", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      withState(directory, "a.jsonl", unsettled({}))
      const taker = new Taker()
      expect(yield* spool.drain(taker.handle)).toMatchObject({ inserted: 1, filesDrained: 1, remaining: 0 })
      expect(taker.taken).toEqual([1])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped.each<readonly [string, object]>([
    ["says more than the file has", { position: 9, offset: 99_999 }],
    ["is negative", { offset: -5 }],
    ["is no number", { position: 2, offset: 30, nextAt: null }],
    ["has records before the file", unsettled({ offset: -3 })],
    ["has records behind the file", unsettled({ offset: 500 })],
    ["is of a file that has changed since", { position: 2, offset: 30, changedAt: 1 }],
    ["waits for the year 2100", { attempts: 1, nextAt: 4_102_444_800_000 }],
    ["waits for ever", { attempts: 1, nextAt: 1e300 }]
  ])("that %s is none", ([, fields]) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.now())
      const directory = yield* folder
      const spool = yield* make(directory)
      withState(directory, "a.jsonl", fields)
      const taker = new Taker()
      expect(yield* spool.drain(taker.handle)).toMatchObject({ inserted: 2, filesDrained: 1, remaining: 0 })
      expect(filesIn(directory)).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("with a value that nobody can have written is none", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.now())
      const directory = yield* folder
      const spool = yield* make(directory)
      const bad = [
        ...["changedAt", "behindSince", "nextAt", "firstAt"].flatMap((field) =>
          [1e308, -1e308, 8.64e15 + 1, "0", false].map((value) => ({ [field]: value }))
        ),
        ...["inode", "size", "position", "malformed", "tried", "attempts"].flatMap((field) =>
          [1e308, -1, 0.5, "0"].map((value) => ({ [field]: value }))
        ),
        { firstError: 7 },
        unsettled({ error: 7 }),
        unsettled({ count: 1e308 })
      ]
      bad.forEach((fields, index) => {
        withState(directory, `${index}.jsonl`, Object.assign({ position: 2, offset: 30 }, fields))
      })
      expect((yield* spool.stats).ready).toBe(bad.length)
      const handler: Spool.Handler<Task> = () => Effect.succeed(Answer.done)
      expect(yield* spool.drain(handler)).toMatchObject({ inserted: 2 * bad.length, filesDrained: bad.length })
      expect(filesIn(directory)).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("that is a pipe is not waited for, nor is a pipe that is too much", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory, { caps: { files: 1 } })
      for (const name of ["state/a.jsonl", "z.jsonl"]) putPipe(join(directory, name))
      writeFileSync(join(directory, "a.jsonl"), `{"version":1}\n{"n":1}\n`)
      yield* Effect.timeout(spool.put([{ n: 2 }], { name: "b" }), "5 seconds")
      expect(readFileSync(join(directory, "audit.log"), "utf8").trim().split("\n")).toHaveLength(1)
      expect(yield* Effect.timeout(spool.drain(new Taker().handle), "5 seconds")).toMatchObject({
        inserted: 1,
        filesFailed: 1,
        remaining: 0
      })
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("of a file with a long name has a short one", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      const name = `${"é".repeat(120)}a.jsonl`
      writeFileSync(join(directory, name), `{"version":1}\n{"n":1}\n{"n":2}\n`)
      const taker = new Taker()
      taker.fails = (n) => n === 2
      expect(yield* spool.drain(taker.handle)).toMatchObject({ inserted: 1, failed: 1, remaining: 1 })
      expect(yield* spool.drain(taker.handle)).toMatchObject({ inserted: 0, reinforced: 0, failed: 0, remaining: 1 })
      expect(yield* spool.stats).toMatchObject({ waiting: 1 })
      writeFileSync(join(directory, "dead", name), "evidence")
      writeFileSync(join(directory, name), "nonsense\n")
      yield* spool.drain(taker.handle)
      expect(readFileSync(join(directory, "dead", name), "utf8")).toBe("evidence")
      expect((yield* spool.deadLetters).map(({ error }) => error).toSorted()).toEqual([
        "its first line is no header with a version",
        "not known"
      ])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("whose place a directory has is written all the same, and the directory kept", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      yield* spool.put(numbers(150), { name: "a" })
      const [name = ""] = readdirSync(directory).filter((each) => each.endsWith(".jsonl"))
      mkdirSync(join(directory, "state", name))
      const taker = new Taker()
      expect(yield* spool.drain(taker.handle, { records: 120 })).toMatchObject({
        inserted: 120,
        filesFailed: 0,
        remaining: 1
      })
      expect(yield* spool.drain(taker.handle)).toMatchObject({ inserted: 30, reinforced: 0, remaining: 0 })
      expect(readdirSync(join(directory, "state"))).toEqual([expect.stringMatching(/\.odd$/)])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("that cannot be written stops its file until later, and is not forgotten", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.now())
      const directory = yield* folder
      let isFull = false
      yield* Effect.gen(function* () {
        const spool = yield* make(directory)
        yield* spool.put(numbers(250), { name: "a" })
        yield* spool.put([{ n: 999 }], { name: "b" })
        const asked: Array<number> = []
        const pass = spool.drain(({ record: { n } }) => Effect.sync(() => (asked.push(n), Answer.done)))
        isFull = true
        expect(yield* pass).toMatchObject({ inserted: 101, filesFailed: 1, filesDrained: 1, remaining: 1 })
        expect(yield* pass).toMatchObject({ inserted: 0, remaining: 1 })
        yield* TestClock.adjust("1 minute")
        expect(yield* pass).toMatchObject({ inserted: 100, filesFailed: 1, remaining: 1 })
        yield* TestClock.adjust("1 minute")
        expect(yield* pass).toMatchObject({ inserted: 50, filesDrained: 1, remaining: 0 })
        expect(new Set(asked).size).toBe(asked.length)
        expect(filesIn(directory)).toEqual([])
      }).pipe(
        Effect.provide(
          FaultyDisk.layer((operation, path) => {
            if (isFull && operation === "write" && path.includes("/state/")) FaultyDisk.fail("ENOSPC")
          })
        )
      )
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )
})

describe("lines that are no records", () => {
  it.scoped(
    "cost no more the more there are, and can be replayed",
    () =>
      Effect.gen(function* () {
        const directory = yield* folder
        const spool = yield* make(directory)
        const lines = Array.from({ length: 5_000 }, (_, index) =>
          index % 1_250 === 1_249 ? `{"n":${index}}` : "nonsense"
        )
        writeFileSync(join(directory, "a.jsonl"), `{"version":1}\n${lines.join("\n")}\n`)
        const taker = new Taker()
        const all = spool.drain(taker.handle, { records: 100_000, time: "1 minute" })
        expect(yield* all).toMatchObject({ inserted: 4, remaining: 0 })
        expect(taker.taken).toEqual([1_249, 2_499, 3_749, 4_999])
        expect(yield* spool.deadLetters).toMatchObject([{ error: "record 1: it is not JSON", unsettled: 4_996 }])
        expect(statSync(join(directory, "state/a.jsonl")).size).toBeLessThan(2_000)
        yield* spool.replay()
        expect(yield* spool.stats).toMatchObject({ ready: 1, dead: 0 })
        expect(yield* all).toMatchObject({ inserted: 0, failed: 4_996, remaining: 0 })
        expect(yield* spool.deadLetters).toMatchObject([{ unsettled: 4_996 }])
        expect(taker.taken).toHaveLength(4)
      }).pipe(Effect.provide(host), Effect.provide(quiet)),
    60_000
  )

  it.scoped("have a state of a bounded size, however they are mixed with others", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      const lines = Array.from({ length: 1_000 }, (_, index) => (index % 2 === 0 ? `{"n":${index}}` : "nonsense"))
      writeFileSync(join(directory, "a.jsonl"), `{"version":1}\n${lines.join("\n\n")}\n`)
      const taker = new Taker()
      while ((yield* spool.drain(taker.handle)).remaining > 0);
      expect(taker.taken).toHaveLength(500)
      expect(yield* spool.deadLetters).toMatchObject([{ unsettled: 500 }])
      expect(statSync(join(directory, "state/a.jsonl")).size).toBeLessThan(20_000)
      // What stands between them may be handed over again, under its keys.
      yield* spool.replay()
      while ((yield* spool.drain(taker.handle)).remaining > 0);
      expect(taker.taken).toHaveLength(500)
      expect(yield* spool.deadLetters).toMatchObject([{ unsettled: 500 }])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )
})

describe("too much", () => {
  it.scoped("is kept, and drained, where the audit cannot be written", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory, { caps: { files: 1 } })
      mkdirSync(join(directory, "audit.log"))
      yield* Effect.forEach(numbers(3), (record) => spool.put([record]))
      expect(yield* spool.drain(new Taker().handle)).toMatchObject({ inserted: 3, filesDrained: 3, remaining: 0 })
      expect(filesIn(directory)).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("is no directory, and only what is gone is on record", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      let isClaimed = false
      yield* Effect.gen(function* () {
        const spool = yield* make(directory, { caps: { files: 1 } })
        mkdirSync(join(directory, "a.jsonl"))
        const [first = "", second = ""] = yield* Effect.forEach(numbers(2), (record) =>
          spool.put([record], { name: "b" })
        )
        const audit = () => readFileSync(join(directory, "audit.log"), "utf8").trim().split("\n")
        expect(audit()).toEqual([expect.stringContaining(`file=${basename(first)} `)])
        isClaimed = true
        yield* spool.put([{ n: 3 }], { name: "c" })
        expect(audit()).toHaveLength(1)
        expect(existsSync(`${second}.claimed`)).toBe(true)
      }).pipe(
        changed((real) => ({
          // Somebody else claims it after it was weighed.
          rename: (from, to) =>
            Effect.suspend(() => {
              if (isClaimed && to.endsWith(".drop")) renameSync(from, `${from}.claimed`)
              return real.rename(from, to)
            })
        }))
      )
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("is dropped and on record, also where a file has a time that no Date holds", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      yield* Effect.gen(function* () {
        const spool = yield* make(directory, { caps: { files: 1, age: "1 day" } })
        yield* Effect.forEach(numbers(2), (record) => spool.put([record]))
        expect(readFileSync(join(directory, "audit.log"), "utf8")).toMatch(
          /^ts=\S+ ev=dropped file=\S+ cap=files [^\n]*bytes=\d+\n$/
        )
        expect(yield* spool.stats).toMatchObject({ ready: 1, oldest: undefined })
        expect(yield* spool.doctor).toEqual([])
        const taker = new Taker()
        expect(yield* spool.drain(taker.handle)).toMatchObject({ inserted: 1, filesDrained: 1, remaining: 0 })
      }).pipe(
        changed((real) => ({
          stat: (path) => Effect.map(real.stat(path), (info) => ({ ...info, mtime: Option.some(new Date(Number.NaN)) }))
        }))
      )
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("is on record, and gone, after a kill while it was dropped", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      yield* TestClock.setTime(Date.now())
      const name = `.a.jsonl.files.${SortableId.make()(Date.now())}.drop`
      writeFileSync(join(directory, name), `{"version":1}\n{"n":1}\n`)
      // It may be at work.
      yield* spool.drain(new Taker().handle)
      expect(filesIn(directory)).toEqual([name])
      yield* TestClock.adjust("2 minutes")
      yield* spool.drain(new Taker().handle)
      expect(readFileSync(join(directory, "audit.log"), "utf8")).toMatch(/ev=dropped file=a.jsonl cap=files records=1 /)
      expect(filesIn(directory)).toEqual(["audit.log"])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )
})

describe("what could not be drained", () => {
  it.scoped("is not put: a record that is too long, a header that is no JSON or says another version", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      const refusals = [
        spool.put([{ n: 1, note: "é".repeat(9 * 1024 * 1024) }]),
        spool.put([], { header: { note: "x".repeat(17 * 1024 * 1024) } }),
        spool.put(numbers(1), { header: { count: 1n } }),
        spool.put(numbers(1), { header: { version: 7 } }),
        spool.put(numbers(1), { header: { toJSON: () => "nonsense" } })
      ]
      expect(yield* Effect.forEach(refusals, Effect.flip)).toMatchObject(
        refusals.map(() => ({ _tag: "FileError", reason: "Invalid" }))
      )
      expect(filesIn(directory)).toEqual([])
      yield* spool.put([{ n: 1, note: "é".repeat(8 * 1024 * 1024 - 100) }], { header: { version: 1 } })
      expect(yield* spool.drain(new Taker().handle)).toMatchObject({ inserted: 1, remaining: 0 })
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("is not taken live: records of a later version, which are reported", () =>
    Effect.gen(function* () {
      const spool = yield* make(yield* folder)
      const taker = new Taker()
      const { layer, messages } = logged()
      const taken = yield* Effect.provide(spool.take({ version: 2 }, [`{"n":1}`, `{"n":2}`], taker.handle), layer)
      expect(taken).toEqual({ inserted: 0, reinforced: 0, skipped: 0, failed: 2 })
      expect(taker.taken).toEqual([])
      expect(messages).toEqual(["WARN records of version 2 are not taken: this program knows 1"])
    }).pipe(Effect.provide(host))
  )
})

describe("a directory that somebody removes", () => {
  it.scoped("is made again by whoever needs it", () =>
    Effect.gen(function* () {
      const directory = join(yield* folder, "spool")
      const spool = yield* make(directory)
      rmSync(directory, { recursive: true })
      yield* spool.put(numbers(1))
      expect((statSync(directory).mode & 0o777).toString(8)).toBe("700")
      rmSync(directory, { recursive: true })
      mkdirSync(directory)
      writeFileSync(join(directory, "a.jsonl"), `{"version":1}\n{"n":1}\nnonsense\n`)
      expect(yield* spool.drain(new Taker().handle)).toMatchObject({ inserted: 1, filesFailed: 1, remaining: 0 })
      expect(yield* spool.deadLetters).toMatchObject([{ unsettled: 1 }])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )
})

describe("a full disk", () => {
  it.scoped("can be drained, at first without a lock", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const lay = yield* make(directory)
      yield* lay.put([{ n: 1 }], { name: "a" })
      yield* lay.put([{ n: 2 }], { name: "b" })
      let isFull = true
      const locks: Array<number> = []
      yield* Effect.gen(function* () {
        const spool = yield* make(directory)
        const report = yield* spool.drain(() =>
          Effect.sync(() => {
            isFull = false
            locks.push(readdirSync(join(directory, "claims")).filter((name) => name.endsWith(".lock")).length)
            return Answer.done
          })
        )
        expect(report).toMatchObject({ inserted: 2, filesDrained: 2, remaining: 0 })
      }).pipe(
        Effect.provide(
          FaultyDisk.layer((operation) => {
            if (isFull && operation === "write") FaultyDisk.fail("ENOSPC")
          })
        )
      )
      expect(locks).toEqual([0, 1])
      expect(filesIn(directory)).toEqual([])
      expect(readdirSync(join(directory, "claims"))).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("lets a slow handler come to the end of a file", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.now())
      const directory = yield* folder
      yield* (yield* make(directory)).put(numbers(4))
      yield* Effect.gen(function* () {
        const spool = yield* make(directory)
        const taker = new Taker()
        const slowly: typeof taker.handle = (item) => Effect.zipRight(TestClock.adjust("2 seconds"), taker.handle(item))
        expect(yield* spool.drain(slowly, { time: "5 seconds" })).toMatchObject({
          inserted: 3,
          filesFailed: 1,
          remaining: 1
        })
        expect(yield* spool.drain(slowly)).toMatchObject({ inserted: 0, remaining: 1 })
        yield* TestClock.adjust("1 minute")
        expect(yield* spool.drain(slowly)).toMatchObject({ inserted: 1, filesDrained: 1, remaining: 0 })
        expect(filesIn(directory)).toEqual([])
      }).pipe(
        Effect.provide(FaultyDisk.layer((operation) => (operation === "write" ? FaultyDisk.fail("ENOSPC") : undefined)))
      )
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("on which nothing can be claimed is told of by doctor, and by the drain that fails", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      yield* (yield* make(directory)).put(numbers(1))
      yield* Effect.gen(function* () {
        const spool = yield* make(directory)
        expect(yield* Effect.flip(spool.drain(new Taker().handle))).toMatchObject({ reason: "NoSpace" })
        expect(yield* spool.doctor).toMatchObject([
          { kind: "blocked", problem: expect.stringContaining("no space is left") }
        ])
      }).pipe(
        Effect.provide(
          FaultyDisk.layer((operation, path) => {
            if (operation === "makeDirectory" && path.includes("claims/")) FaultyDisk.fail("ENOSPC")
          })
        )
      )
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )
})

describe("a doctor", () => {
  it.scoped("names files whose names are no UTF-8, which a drain says, too", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      writeFileSync(
        Buffer.concat([Buffer.from(`${directory}/a`), Buffer.from([0xff]), Buffer.from(".jsonl")]),
        `{"version":1}\n{"n":1}\n`
      )
      yield* spool.put([{ n: 2 }], { name: "b" })
      expect(yield* spool.drain(new Taker().handle)).toMatchObject({ inserted: 1, filesFailed: 1, remaining: 1 })
      expect(yield* spool.doctor).toMatchObject([{ kind: "stray", problem: expect.stringContaining("UTF-8") }])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("names what is claimed under a lock that is none, a directory or a pipe", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      const claims = join(directory, "claims")
      const [one, two] = [join(claims, "01M8J3GD3XNJVESYQK7MDRPNP3"), join(claims, "01M8J3GD3XNJVESYQK7MDRPNP4")]
      for (const each of [one, two]) {
        mkdirSync(each)
        writeFileSync(join(each, "a.jsonl"), `{"version":1}\n{"n":1}\n`)
      }
      mkdirSync(`${one}.lock`)
      putPipe(`${two}.lock`)
      yield* spool.put([{ n: 2 }], { name: "b" })
      expect(yield* Effect.timeout(spool.drain(new Taker().handle), "5 seconds")).toMatchObject({
        inserted: 1,
        remaining: 0
      })
      const findings = yield* Effect.timeout(spool.doctor, "5 seconds")
      expect(findings).toMatchObject(
        [one, two].map(() => ({
          kind: "claimed",
          file: "a.jsonl",
          problem: expect.stringContaining("no regular file")
        }))
      )
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("names what is not tried again, and a drain removes what belongs to no file", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.now())
      const directory = yield* folder
      const spool = yield* make(directory)
      const path = yield* spool.put(numbers(1), { name: "a" })
      const taker = new Taker()
      taker.fails = () => true
      yield* spool.drain(taker.handle)
      expect(yield* spool.stats).toMatchObject({ ready: 0, waiting: 1 })
      expect(yield* spool.doctor).toEqual([
        {
          kind: "waiting",
          file: basename(path),
          problem: "records: 1 failed, attempts: 1; next attempt in 1m; first error: not 1"
        }
      ])
      yield* TestClock.adjust("2 minutes")
      expect(yield* spool.stats).toMatchObject({ ready: 1, waiting: 0 })
      expect(yield* spool.doctor).toMatchObject([
        { kind: "waiting", problem: expect.stringContaining("next attempt with the next drain") }
      ])
      yield* TestClock.adjust("2 hours")
      expect(yield* spool.doctor).toMatchObject([
        {
          kind: "stale",
          file: basename(path),
          problem: expect.stringMatching(/1 failed, attempts: 1; retry overdue by 2h 1m/)
        }
      ])
      rmSync(path)
      writeFileSync(join(directory, "state/.b.jsonl.0123456789abcdef01234567.tmp"), "")
      yield* spool.drain(taker.handle)
      expect(filesIn(directory)).toEqual([`state/${basename(path)}`])
      mkdirSync(join(directory, "state/c.jsonl"))
      expect(yield* spool.doctor).toMatchObject([{ kind: "stray", file: "state/c.jsonl" }])
      yield* TestClock.adjust("1 day")
      yield* spool.drain(taker.handle)
      expect(filesIn(directory)).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )
})
