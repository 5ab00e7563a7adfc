import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as ExitJournal from "@tether/journal/ExitJournal"
import type { ExitRecord } from "@tether/journal/ExitRecord"
import * as Supervise from "@tether/process/Supervise"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { makeReader } from "../../src/internal/reader.js"
import { all, folder, host, inFile, quiet } from "../support/journal.js"

describe("the record of an end", () => {
  it.scoped("is private to its user", () =>
    Effect.gen(function* () {
      const directory = join(yield* folder, "below")
      yield* Effect.provide(all, inFile(directory))
      expect((statSync(directory).mode & 0o777).toString(8)).toBe("700")
      expect((statSync(join(directory, "exits.log")).mode & 0o777).toString(8)).toBe("600")
    })
  )
})

describe("the moment of a record", () => {
  const memory = Layer.provide(ExitJournal.layerMemory, host)

  it.effect("of a journal in memory, too", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      yield* Supervise.use(Command.make("it"), { expect: [0] }, (child) =>
        Effect.gen(function* () {
          yield* child.exited
          seen.push(...(yield* all).map((record) => record.ev))
        })
      )
      expect(seen).toEqual(["session-start", "session-exit"])
    }).pipe(Effect.provide(memory), Effect.provide(TestSpawner.layer(TestSpawner.always(Script.make()))))
  )
})

describe("a record that is somebody else's to end", () => {
  it.scoped("names them, and that of a server tells what became of it", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      yield* Effect.gen(function* () {
        const journal = yield* ExitJournal.ExitJournal
        expect(yield* journal.append({ ev: "session-start", identity: "it", writer: "1:2" })).toMatchObject({
          writer: "1:2"
        })
        expect((yield* journal.append({ ev: "session-start", identity: "ours" })).writer).toMatch(
          new RegExp(`^${process.pid}:`)
        )
        const made = yield* journal.make({ ev: "session-start", identity: "later" })
        expect(yield* Stream.runCollect(journal.records({ identity: "later" }))).toHaveLength(0)
        expect(yield* journal.append({ ...made, writer: "3:4" })).toEqual({ ...made, writer: "3:4" })
        const server: ExitJournal.Draft = {
          ev: "server-exit",
          identity: "tmux",
          cause: "server-vanished",
          memory: 4096,
          commands: "a; b"
        }
        yield* journal.append(server)
        expect(Option.getOrThrow(yield* journal.lastExit("tmux"))).toMatchObject(server)
      }).pipe(Effect.provide(inFile(directory)))
    })
  )
})

describe("opening a journal", () => {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
  const startLine = (id: string, fields: string) =>
    `ts=2026-01-01T00:00:00.000Z ev=session-start identity=${id} id=01A${id} ${fields}\n`

  it.scoped("gives each start that has lost its writer one end, and leaves the others", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const self = Option.getOrThrow(
        yield* Effect.provide(
          Effect.flatMap(ProcessIdentity.ProcessIdentity, (each) => each.identify(process.pid)),
          host
        )
      )
      writeFileSync(
        join(directory, "exits.log"),
        [
          startLine("dead", `pid=4194300 start_token=1 boot_id=${boot} writer=4194301:1`),
          startLine("rebooted", "pid=1 start_token=1 boot_id=00000000-0000-0000-0000-000000000000 writer=4194301:1"),
          startLine("vanished", `pid=4194300 start_token=1 boot_id=${boot}`),
          startLine("alive", `pid=${process.pid} start_token=${self.startToken} boot_id=${boot} writer=4194301:1`),
          startLine("watched", `pid=4194300 start_token=1 boot_id=${boot} writer=${process.pid}:${self.startToken}`),
          startLine("unknown", `boot_id=${boot}`),
          startLine("elsewhere", `pid=4194300 start_token=1 boot_id=${boot} pid_namespace=pid:[1] writer=4194301:1`),
          startLine("brief", `pid=4194300 boot_id=${boot} pid_namespace=pid:[1] writer=4194301:1`)
        ].join("")
      )
      const open = Effect.map(Effect.provide(all, inFile(directory)), (records) =>
        records
          .filter((record) => record.ev === "session-exit")
          .map((record) => [record.identity, record.endedBy, record.reason])
      )
      const expected = [
        ["dead", "unknown", "supervisor-died"],
        ["rebooted", "unknown", "reboot"],
        ["vanished", "unknown", "vanished"]
      ]
      expect(yield* open).toEqual(expected)
      expect(yield* open).toEqual(expected)
    }).pipe(Effect.provide(quiet))
  )

  it.effect("gives none an end that was recorded while it was looked at", () =>
    Effect.gen(function* () {
      const record: ExitRecord = {
        id: "1",
        ts: 1,
        ev: "session-start",
        identity: "it",
        pid: 7,
        startToken: "7",
        writer: "8:8"
      }
      const exit: ExitRecord = { id: "2", ts: 2, ev: "session-exit", identity: "it", start: "1", deadStatus: 0 }
      let reads = 0
      const store = {
        read: () => Stream.make(record, exit),
        newestFirst: () => Stream.make(exit, record),
        follow: () => Stream.never,
        open: Effect.sync(() => (++reads === 1 ? [record] : []))
      }
      const surroundings = {
        host: undefined,
        writer: undefined,
        files: FileSystem.makeNoop({}),
        clock: yield* Effect.clock,
        processes: { identify: () => Effect.succeed(Option.none()), liveness: () => Effect.succeed("gone" as const) }
      }
      expect(yield* makeReader(store, surroundings).unfinished()).toEqual([])
      expect(reads).toBe(2)
    })
  )

  it.scoped("reads whatever mix of formats is there", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const run = Supervise.run(Command.make("it"), { label: "it" }).pipe(
        Effect.provide(TestSpawner.layer(TestSpawner.always(Script.make())))
      )
      for (const format of ["logfmt", "json", "logfmt"] as const)
        yield* Effect.provide(run, inFile(directory, { format }))
      const records = yield* Effect.provide(all, inFile(directory))
      expect(records.map((record) => record.ev)).toEqual(
        Array.from({ length: 3 }, () => ["session-start", "session-exit"]).flat()
      )
      expect(
        readFileSync(join(directory, "exits.log"), "utf8")
          .split("\n")
          .filter((line) => line.startsWith("{"))
      ).toHaveLength(2)
    })
  )
})

describe("without a directory", () => {
  it.effect("nothing is written, and nothing else changes", () =>
    Effect.gen(function* () {
      const report = yield* Supervise.run(Command.make("it"))
      expect(report.status).toMatchObject({ code: 0 })
      expect(yield* all).toEqual([])
    }).pipe(
      Effect.provide(Layer.provide(ExitJournal.layerFile({ directory: undefined }), host)),
      Effect.provide(TestSpawner.layer(TestSpawner.always(Script.make())))
    )
  )
})

const isRoot = process.geteuid?.() === 0
if (!isRoot) console.log("skipped: journals of other users, because only root can make them")

describe.skipIf(!isRoot)("a journal of another user", () => {
  const stranger = 12_345
  /** A journal with one record, and a program that has ended. */
  const theirs = Effect.gen(function* () {
    const directory = yield* folder
    yield* Effect.gen(function* () {
      const journal = yield* ExitJournal.ExitJournal
      const lost = { pid: 1, startToken: "1", bootId: "another", writer: "1:1" }
      yield* journal.append({ ev: "session-start", identity: "theirs", ...lost })
    }).pipe(Effect.provide(inFile(directory)))
    for (const path of [directory, join(directory, "exits.log")]) chownSync(path, stranger, stranger)
    return directory
  })

  it.scoped("can be read where it is named, and nothing is written to it", () =>
    Effect.gen(function* () {
      const directory = yield* theirs
      const before = readFileSync(join(directory, "exits.log"), "utf8")
      const reader = yield* Effect.provide(ExitJournal.reader(directory), host)
      const records = yield* Stream.runCollect(reader.records())
      expect([...records].map(({ identity }) => identity)).toEqual(["theirs"])
      expect(yield* reader.unfinished()).toMatchObject([{ start: { identity: "theirs" } }])
      const error = yield* Effect.flip(Effect.scoped(Layer.build(inFile(directory))))
      expect(error).toMatchObject({ _tag: "FileError", reason: "NotPrivate" })
      expect(error.message).toContain(`it belongs to user ${stranger}, must belong to the current user or root`)
      expect(readFileSync(join(directory, "exits.log"), "utf8")).toBe(before)
      expect(readdirSync(directory)).toEqual(["exits.log"])
    })
  )

  it.scoped("does not say, in an index, what is unfinished in ours", () =>
    Effect.gen(function* () {
      const line = readFileSync(join(yield* theirs, "exits.log"), "utf8").trimEnd()
      const id = / id=(\S+)/.exec(line)?.[1]
      const directory = join(yield* folder, "shared")
      mkdirSync(directory)
      chmodSync(directory, 0o1777)
      const opened = Effect.scoped(Effect.provide(Layer.build(inFile(directory)), quiet))
      yield* Effect.provide(
        Effect.flatMap(ExitJournal.ExitJournal, (journal) =>
          journal.append({ ev: "session-exit", identity: "ours", deadStatus: 0, endedBy: "child" })
        ),
        inFile(directory)
      )
      const [log, index] = [join(directory, "exits.log"), join(directory, "exits.index")]
      const { dev, ino } = statSync(log)
      const before = readFileSync(log, "utf8")
      const read = { bytes: before.length, before: before.slice(-256) }
      const part = { inode: `${dev}:${ino}`, ...read, ends: [], starts: [[id, line]] }
      writeFileSync(index, JSON.stringify({ version: 1, parts: [part] }))
      chownSync(index, stranger, stranger)
      yield* opened
      expect(readFileSync(log, "utf8")).toBe(before)
      // Of ours it is believed.
      chownSync(index, 0, 0)
      yield* opened
      expect(readFileSync(log, "utf8")).toContain(" ev=session-exit identity=theirs ")
    })
  )
})
