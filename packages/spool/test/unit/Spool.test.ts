import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import * as Answer from "../../src/Answer.js"
import type * as Spool from "../../src/Spool.js"
import { useOrDefer } from "../../src/UseOrDefer.js"
import { putPipe } from "../support/pipe.js"
import { filesIn, folder, host, logged, make, numbers, quiet, type Task, Taker } from "../support/spools.js"

/** Real files under a test clock that begins in the present. */
const atPresent = Effect.suspend(() => TestClock.setTime(Date.now()))

describe("what is put", () => {
  it.scoped("is a private file with a header and a record a line", () =>
    Effect.gen(function* () {
      const directory = join(yield* folder, "spool")
      const spool = yield* make(directory)
      const path = yield* spool.put(numbers(2), { name: "../../etc/pass wd", header: { cwd: "/home" } })
      expect(basename(path)).toMatch(/^_\._\.\._etc_pass_wd-[0-9A-Z]{26}\.jsonl$/)
      expect(path.startsWith(`${directory}/`)).toBe(true)
      expect(readFileSync(path, "utf8")).toBe(`{"version":1,"cwd":"/home"}\n{"n":1}\n{"n":2}\n`)
      expect((statSync(path).mode & 0o777).toString(8)).toBe("600")
      expect((statSync(directory).mode & 0o777).toString(8)).toBe("700")
    }).pipe(Effect.provide(host))
  )

  it.scoped("has names in the order in which it was put, also within a millisecond", () =>
    Effect.gen(function* () {
      const spool = yield* make(yield* folder)
      const paths = yield* Effect.forEach(numbers(50), (record) => spool.put([record]))
      expect(paths).toEqual(paths.toSorted())
      expect(new Set(paths).size).toBe(50)
    }).pipe(Effect.provide(host))
  )

  it.scoped("is there to be looked at, and counted", () =>
    Effect.gen(function* () {
      const spool = yield* make(yield* folder)
      yield* spool.put(numbers(2), { name: "a" })
      yield* spool.put(numbers(1, 3), { name: "b" })
      expect((yield* spool.peek()).map(({ records }) => records)).toEqual([numbers(2), numbers(1, 3)])
      expect(yield* spool.peek(1)).toHaveLength(1)
      expect(yield* spool.stats).toMatchObject({ ready: 2, waiting: 0, claimed: 0, dead: 0 })
    }).pipe(Effect.provide(host))
  )
})

describe("a pass", () => {
  it.scoped("hands over each record once, in order, and removes what is settled", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      yield* spool.put(numbers(3), { name: "a" })
      yield* spool.put(numbers(2, 4), { name: "b" })
      const taker = new Taker()
      expect(yield* spool.drain(taker.handle)).toEqual({
        filesDrained: 2,
        filesFailed: 0,
        inserted: 5,
        reinforced: 0,
        skipped: 0,
        failed: 0,
        remaining: 0,
        stoppedBy: "end"
      })
      expect(taker.taken).toEqual([1, 2, 3, 4, 5])
      expect(filesIn(directory)).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("counts what is known and what is not wanted, which keep no file", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      yield* spool.put([...numbers(2), { n: 1 }, { n: 9 }])
      const taker = new Taker()
      const report = yield* spool.drain((item) =>
        item.record.n === 9 ? Effect.succeed(Answer.skipped("nine")) : taker.handle(item)
      )
      expect(report).toMatchObject({ inserted: 2, reinforced: 1, skipped: 1, failed: 0, filesDrained: 1 })
      expect(filesIn(directory)).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("removes empty files, and files with nothing but a header", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      writeFileSync(join(directory, "empty.jsonl"), "")
      yield* spool.put([])
      expect(yield* spool.drain(new Taker().handle)).toMatchObject({ filesDrained: 2, inserted: 0, failed: 0 })
      expect(filesIn(directory)).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("removes what a killed put has left, once it is old, and doctor names it before", () =>
    Effect.gen(function* () {
      yield* atPresent
      const directory = yield* folder
      const spool = yield* make(directory)
      const name = ".a.jsonl.0123456789abcdef01234567.tmp"
      writeFileSync(join(directory, name), `{"version":1}\n{"n`)
      yield* spool.drain(new Taker().handle)
      expect(filesIn(directory)).toEqual([name])
      expect(yield* spool.doctor).toEqual([])
      yield* TestClock.adjust("2 minutes")
      expect(yield* spool.doctor).toMatchObject([{ kind: "unfinished", file: name }])
      yield* TestClock.adjust("1 hour")
      yield* spool.drain(new Taker().handle)
      expect(filesIn(directory)).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("leaves alone what is being written, what is hidden, and what a later version has written", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      for (const name of ["a.live.jsonl", ".hidden.jsonl", "notes.txt"])
        writeFileSync(join(directory, name), `{"version":1}\n{"n":1}\n`)
      writeFileSync(join(directory, "newer.jsonl"), `{"version":2}\n{"m":1}\n`)
      const { layer, messages } = logged()
      expect(yield* Effect.provide(spool.drain(new Taker().handle), layer)).toMatchObject({
        inserted: 0,
        failed: 0,
        remaining: 1
      })
      expect(filesIn(directory)).toEqual([".hidden.jsonl", "a.live.jsonl", "newer.jsonl", "notes.txt"])
      expect(messages).toEqual([`WARN "newer.jsonl" is of version 2, and this program knows 1: it is left alone`])
      expect(yield* spool.doctor).toMatchObject([{ kind: "newer", file: "newer.jsonl" }])
    }).pipe(Effect.provide(host))
  )

  it.scoped("has an end: by records, by bytes, by time; the next one goes on where it was", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      yield* spool.put(numbers(10), { name: "a" })
      yield* spool.put(numbers(10, 11), { name: "b" })
      const taker = new Taker()
      expect(yield* spool.drain(taker.handle, { records: 4 })).toMatchObject({
        inserted: 4,
        filesDrained: 0,
        remaining: 2,
        stoppedBy: "records"
      })
      expect(yield* spool.drain(taker.handle, { bytes: 20 })).toMatchObject({ inserted: 3, stoppedBy: "bytes" })
      const slowly = (item: Parameters<typeof taker.handle>[0]) =>
        Effect.zipRight(TestClock.adjust("1 second"), taker.handle(item))
      expect(yield* spool.drain(slowly, { time: "5 seconds" })).toMatchObject({
        inserted: 5,
        filesDrained: 1,
        remaining: 1,
        stoppedBy: "time"
      })
      expect(yield* spool.drain(taker.handle)).toMatchObject({
        inserted: 8,
        reinforced: 0,
        remaining: 0,
        stoppedBy: "end"
      })
      expect(taker.taken).toEqual(numbers(20).map(({ n }) => n))
      expect(filesIn(directory)).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("that is interrupted gives back what it has, with its progress", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      yield* spool.put(numbers(5))
      const taker = new Taker()
      const reached = yield* Deferred.make<void>()
      const hangs = Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never)
      const pass = yield* Effect.fork(spool.drain((item) => (item.record.n === 4 ? hangs : taker.handle(item))))
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(pass)
      expect(filesIn(directory)).toHaveLength(2)
      expect(yield* spool.stats).toMatchObject({ ready: 1, claimed: 0 })
      expect(yield* spool.drain(taker.handle)).toMatchObject({ inserted: 2, reinforced: 0 })
      expect(taker.taken).toEqual([1, 2, 3, 4, 5])
      expect(filesIn(directory)).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )
})

describe("what is not taken", () => {
  it.scoped("keeps its file, and alone is tried again, after 60, 120 and 240 seconds", () =>
    Effect.gen(function* () {
      yield* atPresent
      const directory = yield* folder
      const spool = yield* make(directory)
      const path = yield* spool.put(numbers(4), { name: "a" })
      const content = readFileSync(path, "utf8")
      const taker = new Taker()
      taker.fails = (n) => n === 2
      expect(yield* spool.drain(taker.handle)).toMatchObject({
        inserted: 3,
        failed: 1,
        filesFailed: 1,
        filesDrained: 0,
        remaining: 1
      })
      expect(readFileSync(path, "utf8")).toBe(content)
      expect(yield* spool.drain(taker.handle)).toMatchObject({ failed: 0, remaining: 1 })
      for (const seconds of [60, 120]) {
        yield* TestClock.adjust(`${seconds - 1} seconds`)
        expect(yield* spool.drain(taker.handle)).toMatchObject({ failed: 0, filesFailed: 0 })
        yield* TestClock.adjust("1 second")
        expect(yield* spool.drain(taker.handle)).toMatchObject({ inserted: 0, reinforced: 0, failed: 1 })
      }
      yield* TestClock.adjust("240 seconds")
      taker.fails = () => false
      expect(yield* spool.drain(taker.handle)).toMatchObject({
        inserted: 1,
        reinforced: 0,
        failed: 0,
        filesDrained: 1,
        remaining: 0
      })
      expect(taker.taken).toEqual([1, 3, 4, 2])
      expect(filesIn(directory)).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("says that a handler has returned a Promise instead of an Effect", () =>
    Effect.gen(function* () {
      yield* atPresent
      const spool = yield* make(yield* folder)
      yield* spool.put(numbers(1), { name: "a" })
      const { layer, messages } = logged()
      const promising = (() => Promise.resolve(Answer.done)) as unknown as Taker["handle"]
      expect(yield* Effect.provide(spool.drain(promising), layer)).toMatchObject({ failed: 1 })
      expect(messages.join()).toContain("the handler returned a Promise and not an Effect: Effect.promise makes one")
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("is a dead letter after four tries, with its first error and a critical event, and can be replayed", () =>
    Effect.gen(function* () {
      yield* atPresent
      const directory = yield* folder
      const spool = yield* make(directory)
      const path = yield* spool.put(numbers(2), { name: "a" })
      const taker = new Taker()
      let round = 0
      const { layer, messages } = logged()
      const refuse = spool
        .drain(({ record }) => Effect.fail(`round ${round} of ${record.n}`))
        .pipe(Effect.provide(layer))
      for (const wait of [0, 60, 120, 240]) {
        round++
        yield* TestClock.adjust(`${wait} seconds`)
        expect(yield* refuse).toMatchObject({ failed: 2, filesFailed: 1 })
      }
      expect(existsSync(path)).toBe(false)
      expect(yield* spool.deadLetters).toMatchObject([
        { file: basename(path), attempts: 4, unsettled: 2, error: "round 1 of 1" }
      ])
      expect(messages.filter((message) => /^WARN \d/.test(message))).toEqual([
        `WARN 2 records of "${basename(path)}" were not taken, and are tried again in 1m. The first error was: round 1 of 1`,
        `WARN 2 records of "${basename(path)}" were not taken, and are tried again in 2m. The first error was: round 1 of 1`,
        `WARN 2 records of "${basename(path)}" were not taken, and are tried again in 4m. The first error was: round 1 of 1`
      ])
      expect(messages.filter((message) => message.startsWith("FATAL"))).toEqual([
        `FATAL "${basename(path)}" is among the dead letters after 4 tries, with 2 records that were not taken. The first error was: round 1 of 1`
      ])
      expect(yield* spool.doctor).toMatchObject([{ kind: "dead", file: basename(path) }])
      expect(yield* spool.replay()).toBe(1)
      expect(yield* spool.drain(taker.handle)).toMatchObject({ inserted: 2, filesDrained: 1 })
      expect(filesIn(directory)).toEqual([])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped(
    "is a line that is no record: the others are taken, and it is kept as evidence, and not repeated in any message",
    () =>
      Effect.gen(function* () {
        const directory = yield* folder
        const spool = yield* make(directory)
        const content = `{"version":1}\n{"n":1}\nhunter2\n{"n":"hunter2"}\n\n{"n":4}\n{"n":5`
        writeFileSync(join(directory, "a.jsonl"), content)
        const taker = new Taker()
        const { layer, messages } = logged()
        expect(yield* Effect.provide(spool.drain(taker.handle), layer)).toMatchObject({
          inserted: 2,
          failed: 3,
          filesFailed: 1
        })
        expect(readFileSync(join(directory, "dead/a.jsonl"), "utf8")).toBe(content)
        expect(yield* spool.deadLetters).toMatchObject([{ error: "record 2: it is not JSON", unsettled: 3 }])
        expect(readFileSync(join(directory, "state/a.jsonl"), "utf8")).toContain("it is not a record: n")
        expect(`${messages}${readFileSync(join(directory, "state/a.jsonl"), "utf8")}`).not.toContain("hunter2")
      }).pipe(Effect.provide(host))
  )

  it.scoped("does not keep from the rest of its file, however many lines are no records", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      writeFileSync(join(directory, "a.jsonl"), `{"version":1}\n${"nonsense\n".repeat(500)}{"n":1}\n`)
      expect(yield* spool.drain(new Taker().handle, { records: 1000 })).toMatchObject({
        inserted: 1,
        failed: 500,
        filesFailed: 1,
        remaining: 0
      })
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("leaves a file of which a hundred records were not taken for later", () =>
    Effect.gen(function* () {
      const spool = yield* make(yield* folder)
      yield* spool.put(numbers(300))
      const report = yield* spool.drain(() => Effect.succeed(Answer.failed("down")))
      expect(report).toMatchObject({ failed: 100, filesFailed: 1, remaining: 1 })
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("does not keep others from being drained: a directory, a link, a file without header", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      mkdirSync(join(directory, "a.jsonl"))
      writeFileSync(join(directory, "secret"), `{"version":1}\n{"n":7}\n`)
      symlinkSync(join(directory, "secret"), join(directory, "b.jsonl"))
      writeFileSync(join(directory, "c.jsonl"), `{"n":8}\n`)
      yield* spool.put([{ n: 9 }], { name: "d" })
      const taker = new Taker()
      expect(yield* spool.drain(taker.handle)).toMatchObject({
        filesDrained: 1,
        filesFailed: 3,
        inserted: 1,
        remaining: 0
      })
      expect(taker.taken).toEqual([9])
      expect((yield* spool.deadLetters).map(({ error, file }) => `${file}: ${error}`)).toEqual([
        "a.jsonl: it is no regular file",
        "b.jsonl: it is no regular file",
        "c.jsonl: its first line is no header with a version"
      ])
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("is what a handler gives nonsense for, which is no answer and keeps nobody else back", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      const nonsense: ReadonlyArray<unknown> = [
        undefined,
        null,
        { _tag: "Ok" },
        { _tag: "Done" },
        { _tag: "Failed", error: new Error("x") },
        7
      ]
      yield* spool.put(numbers(nonsense.length), { name: "a" })
      yield* spool.put([{ n: 99 }], { name: "b" })
      const report = yield* spool.drain(({ record: { n } }) =>
        Effect.succeed((n === 99 ? Answer.done : nonsense[n - 1]) as Answer.Answer)
      )
      expect(report).toMatchObject({
        inserted: 1,
        failed: nonsense.length,
        filesDrained: 1,
        filesFailed: 1,
        remaining: 1
      })
      const promises = (() => Promise.resolve(Answer.done)) as unknown as Spool.Handler<Task>
      expect(yield* spool.drain(promises)).toMatchObject({ inserted: 0 })
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("never takes the place of another file of its name", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      const write = (name: string, text: string) => writeFileSync(join(directory, name), text)
      write("dead/it.jsonl", "evidence")
      write("it.jsonl", "nonsense\n")
      yield* spool.drain(new Taker().handle)
      expect(readFileSync(join(directory, "dead/it.jsonl"), "utf8")).toBe("evidence")
      expect(yield* spool.deadLetters).toHaveLength(2)
      write("it.jsonl", `{"version":1}\n{"n":1}\n`)
      yield* spool.replay("it.jsonl")
      expect(readFileSync(join(directory, "it.jsonl"), "utf8")).toContain(`{"n":1}`)
      expect(yield* spool.stats).toMatchObject({ ready: 2, dead: 1 })
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("is a pipe, for which nobody waits", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      putPipe(join(directory, "a.jsonl"))
      yield* spool.put([{ n: 1 }], { name: "b" })
      expect((yield* spool.peek()).map(({ records }) => records.length)).toEqual([0, 1])
      expect(yield* spool.doctor).toMatchObject([{ file: "a.jsonl", problem: "it is no regular file" }])
      expect(yield* spool.drain(new Taker().handle)).toMatchObject({ inserted: 1, filesFailed: 1 })
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("is a live file that nobody has added to for a day: its session has ended without a word", () =>
    Effect.gen(function* () {
      yield* atPresent
      const directory = yield* folder
      const spool = yield* make(directory)
      writeFileSync(join(directory, "s.live.jsonl"), `{"version":1}\n{"n":1}\n`)
      const taker = new Taker()
      expect(yield* spool.drain(taker.handle)).toMatchObject({ inserted: 0, remaining: 0 })
      expect(yield* spool.doctor).toEqual([])
      yield* TestClock.adjust("25 hours")
      expect(yield* spool.doctor).toMatchObject([{ kind: "stale", file: "s.live.jsonl" }])
      expect(yield* spool.drain(taker.handle)).toMatchObject({ inserted: 1, filesDrained: 1 })
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("is what a handler does not answer in time, or dies of", () =>
    Effect.gen(function* () {
      const spool = yield* make(yield* folder, { patience: "1 second" })
      yield* spool.put(numbers(3))
      const fiber = yield* Effect.fork(
        spool.drain(({ record: { n } }) =>
          n === 1
            ? Effect.uninterruptible(Effect.never)
            : n === 2
              ? Effect.dieMessage("boom")
              : Effect.succeed(Answer.done)
        )
      )
      yield* Effect.repeat(TestClock.adjust("100 millis"), { until: () => fiber.unsafePoll() !== null })
      expect(yield* fiber).toMatchObject({ inserted: 1, failed: 2 })
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )
})

describe("what is done now or later", () => {
  it.scoped("is delivered, or deferred with the reason, or has failed with both", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      const now = useOrDefer((records: ReadonlyArray<Task>) => Effect.succeed(records.length), spool)
      expect(yield* now(numbers(3))).toEqual({ _tag: "Delivered", value: 3 })
      const fails = useOrDefer(() => Effect.fail(new Error("no daemon")), spool)
      const deferred = yield* fails(numbers(2), { name: "it" })
      expect(deferred).toEqual({ _tag: "Deferred", path: expect.stringContaining("/it-"), because: "no daemon" })
      expect((yield* useOrDefer(() => Effect.dieMessage("boom"), spool)(numbers(1)))._tag).toBe("Deferred")
      const taker = new Taker()
      yield* spool.drain(taker.handle)
      expect(taker.taken.toSorted()).toEqual([1, 2])
      rmSync(directory, { recursive: true })
      writeFileSync(directory, "")
      expect(yield* fails(numbers(1))).toMatchObject({
        _tag: "Failed",
        reason: expect.stringMatching(/ENOTDIR.*no daemon/)
      })
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )
})

describe("too much", () => {
  it.scoped("is dropped, the oldest first, with a line on record for each", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory, { caps: { files: 3 } })
      const { layer, messages } = logged()
      const paths = yield* Effect.forEach(numbers(5), (record) => spool.put([record, record])).pipe(
        Effect.provide(layer)
      )
      const [first = "", second = ""] = paths
      expect((yield* spool.peek()).flatMap(({ records }) => records.map(({ n }) => n))).toEqual([3, 3, 4, 4, 5, 5])
      const audit = readFileSync(join(directory, "audit.log"), "utf8").trim().split("\n")
      expect(audit).toEqual(
        [first, second].map((path) =>
          expect.stringMatching(
            new RegExp(`^ts=\\S+Z ev=dropped file=${basename(path)} cap=files records=2 bytes=\\d+ since=\\S+Z$`)
          )
        )
      )
      expect(messages).toEqual(
        [first, second].map(
          (path) => `WARN "${path}" was dropped with 2 records, because the spool has reached its cap of files`
        )
      )
    }).pipe(Effect.provide(host))
  )

  it.scoped("is measured in bytes and in age, too", () =>
    Effect.gen(function* () {
      yield* atPresent
      const directory = yield* folder
      const small = yield* make(directory, { caps: { bytes: 60 } })
      yield* Effect.forEach(numbers(4), (record) => small.put([record]))
      expect((yield* small.stats).bytes).toBeLessThanOrEqual(60)
      const young = yield* make(directory, { caps: { age: "1 hour" } })
      yield* TestClock.adjust("61 minutes")
      expect(yield* young.drain(new Taker().handle)).toMatchObject({ inserted: 0, remaining: 0 })
      expect(readFileSync(join(directory, "audit.log"), "utf8")).toContain("cap=age")
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )
})
