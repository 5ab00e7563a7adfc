/**
 * What becomes of a journal when the disk, or who writes on it, does not do its part.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as FaultyDisk from "@tether/vitest/FaultyDisk"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { execFile, spawnSync } from "node:child_process"
import { appendFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { setImmediate } from "node:timers/promises"
import { promisify } from "node:util"
import { fromLine } from "../../src/internal/line.js"
import { all, folder, host, inFile, linesIn, pairsOf, quiet } from "../support/journal.js"

const programOf = (name: string): string => join(import.meta.dirname, "../../node_modules/.programs", name)

const numbers = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, number) => number)

/** The disk of a test is synchronous, and its worker must answer vitest now and then. */
const turnOfLoop = Effect.promise(() => setImmediate())

describe("kill -9 of the writer", () => {
  /** Every process of an earlier life is gone. */
  const identityOf = (life: number) =>
    Layer.succeed(ProcessIdentity.ProcessIdentity, {
      identify: (pid) =>
        Effect.succeed(Option.some({ pid, startToken: `life ${life}`, bootId: "boot", pidNamespace: undefined })),
      liveness: ({ startToken }) => Effect.succeed(startToken === `life ${life}` ? "alive" : "gone")
    })

  const lifeOf = <A, E>(
    life: number,
    directory: string,
    before: FaultyDisk.Before,
    program: Effect.Effect<A, E, ExitJournal.ExitJournal>,
    log = quiet
  ) =>
    Effect.zipRight(turnOfLoop, program).pipe(
      Effect.provide(
        Layer.provide(
          ExitJournal.layerFile({ directory, maxBytes: 2000, keep: 100 }),
          Layer.merge(FaultyDisk.layer(before), identityOf(life))
        )
      ),
      Effect.provide(log)
    )

  const children = Effect.forEach(
    numbers(6),
    (number) => Supervise.run(Command.make("it", String(number)), { label: `it ${number}` }),
    {
      concurrency: 2,
      discard: true
    }
  ).pipe(Effect.provide(TestSpawner.layer(TestSpawner.always(Script.make(Script.stderr("ready\n"))))))

  it.scoped("between any two writes leaves what parses, and pairs once it is opened again", () =>
    Effect.gen(function* () {
      for (let step = 0; ; step++) {
        const directory = yield* folder
        const death = FaultyDisk.killedAt(step)
        yield* Effect.exit(lifeOf(1, directory, death.before, children))
        for (const line of linesIn(directory)) expect(fromLine(line)).toMatchObject({ _tag: "Some" })
        const { ends, starts } = pairsOf(yield* lifeOf(2, directory, () => {}, all))
        expect(ends).toEqual(starts)
        if (death.steps() <= step) return expect(starts).toHaveLength(6)
      }
    })
  )

  it.scoped("in the middle of any write leaves one torn line at most, which the next opening says and repairs", () =>
    Effect.gen(function* () {
      for (let victim = 1; ; victim++) {
        const directory = yield* folder
        let writes = 0
        const before: FaultyDisk.Before = (operation, path) => {
          if (writes >= victim) throw new FaultyDisk.Killed()
          if (operation === "write" && path.endsWith("exits.log") && ++writes === victim) return 40
        }
        yield* Effect.exit(lifeOf(1, directory, before, children))
        const torn = linesIn(directory).filter((line) => Option.isNone(fromLine(line)))
        if (writes < victim) return expect(victim).toBe(13)
        expect(torn).toHaveLength(1)
        const said: Array<string> = []
        const log = Logger.replace(
          Logger.defaultLogger,
          Logger.make(({ message }) => void said.push(String(message)))
        )
        const { ends, starts } = pairsOf(yield* lifeOf(2, directory, () => {}, all, log))
        expect(ends).toEqual(starts)
        expect(said.filter((message) => message.includes("torn line"))).toHaveLength(1)
        for (const line of linesIn(directory)) expect(fromLine(line)).toMatchObject({ _tag: "Some" })
      }
    })
  )
})

describe("several writers", () => {
  it.scopedLive("lose and tear no line while each of them rotates the file, in either format", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const run = promisify(execFile)
      const names = ["one", "twoj", "three", "fourj"]
      yield* Effect.promise(() =>
        Promise.all(names.map((name) => run(process.execPath, [programOf("appending.mjs"), directory, name, "250"])))
      )
      expect(readdirSync(directory).filter((name) => /^exits\.log\.\d+$/.test(name)).length).toBeGreaterThan(10)
      for (const line of linesIn(directory)) expect(fromLine(line)).toMatchObject({ _tag: "Some" })
      const records = yield* Effect.provide(all, inFile(directory))
      for (const name of names) {
        expect(records.filter(({ identity }) => identity === name).map(({ pid }) => pid)).toEqual(
          numbers(250).map((number) => number + 1)
        )
      }
    })
  )

  it.scopedLive("are followed across rotations", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const inSmallFiles = inFile(directory, { maxBytes: 1000, keep: 100 })
      const reader = yield* ExitJournal.reader(directory).pipe(Effect.provide(host))
      const seen = yield* Effect.fork(Stream.runCollect(Stream.take(reader.follow({ events: ["session-exit"] }), 60)))
      const append = (number: number) =>
        Effect.flatMap(ExitJournal.ExitJournal, (journal) =>
          journal.append({
            ev: number % 3 === 0 ? "session-start" : "session-exit",
            identity: String(number),
            endedBy: "child"
          })
        )
      yield* Effect.all(
        [0, 1].map((writer) =>
          Effect.forEach(numbers(45), (number) => append(2 * number + writer)).pipe(Effect.provide(inSmallFiles))
        ),
        { concurrency: 2 }
      )
      expect([...(yield* Fiber.join(seen))].map(({ identity }) => Number(identity)).toSorted((a, b) => a - b)).toEqual(
        numbers(90).filter((number) => number % 3 !== 0)
      )
    })
  )
})

describe("a torn last line", () => {
  it.scopedLive("is left out by a reader, who changes nothing", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const append = Effect.flatMap(ExitJournal.ExitJournal, (journal) =>
        journal.append({ ev: "session-exit", identity: "it", deadStatus: 1 })
      )
      yield* Effect.provide(append, inFile(directory))
      appendFileSync(join(directory, "exits.log"), "ts=2026-01-01T00:00:00.000Z ev=session-ex")
      const before = linesIn(directory)
      const reader = yield* ExitJournal.reader(directory).pipe(Effect.provide(host))
      expect(yield* Stream.runCollect(reader.records())).toHaveLength(1)
      expect(linesIn(directory)).toEqual(before)
    })
  )
})

const mayMount = process.platform === "linux" && spawnSync("unshare", ["--mount", "true"]).status === 0
if (!mayMount)
  console.warn("skipped: the journal on a disk that is really full, because unshare --mount is not permitted")

describe("a full disk", () => {
  it.scopedLive.skipIf(!mayMount)("keeps no child from being stopped, and what is lost is counted and said once", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const script = `mount -t tmpfs -o size=64k tmpfs "$1" && exec "$2" "$3" "$1"`
      const words = ["--mount", "sh", "-c", script, "sh", directory, process.execPath, programOf("full-disk.mjs")]
      const { stdout } = yield* Effect.promise(() => promisify(execFile)("unshare", words))
      // A child that SIGTERM does not reach would keep the test waiting.
      const { ends, losses, said } = JSON.parse(stdout)
      expect(ends).toEqual({ "scope SIGTERM": 100 })
      expect(losses).toBeGreaterThan(190)
      expect(said.filter((message: string) => message.includes("loses records"))).toHaveLength(1)
    })
  )
})

describe("a disk that hangs", () => {
  const spawners = [
    ["scripted", "it", TestSpawner.layer(TestSpawner.always(Script.make()))],
    ["real", "true", NodeChildSpawner.layer]
  ] as const

  /** A journal on a disk whose files do this instead. */
  const onDisk = (directory: string, stuck: Partial<FileSystem.File>) =>
    Layer.unwrapEffect(
      Effect.map(FileSystem.FileSystem, (files) => {
        const open: FileSystem.FileSystem["open"] = (path, options) =>
          Effect.map(files.open(path, options), (file) =>
            path.endsWith("exits.log")
              ? (Object.create(file, Object.getOwnPropertyDescriptors(stuck)) as FileSystem.File)
              : file
          )
        const hanging = Layer.succeed(FileSystem.FileSystem, { ...files, open })
        return Layer.provide(ExitJournal.layerFile({ directory }), Layer.provideMerge(ProcessIdentity.layer, hanging))
      })
    ).pipe(Layer.provide(NodeFileSystem.layer))

  // The time of a disk is real: the clock of these tests stands still.
  it.scoped.each(spawners)(
    "delays the end of a %s child by a second, and each loss is counted",
    ([, command, spawner]) =>
      Effect.gen(function* () {
        const errors: Array<string> = []
        const log = Logger.replace(
          Logger.defaultLogger,
          Logger.make(({ message }) => void errors.push(String(message)))
        )
        const directory = yield* folder
        const files = yield* Effect.provide(FileSystem.FileSystem, NodeFileSystem.layer)
        const stuck = { write: () => Effect.never, writeAll: () => Effect.never }
        const open: FileSystem.FileSystem["open"] = (path, options) =>
          Effect.map(files.open(path, options), (file) =>
            path.endsWith("exits.log") ? Object.assign(Object.create(file) as FileSystem.File, stuck) : file
          )
        const hanging = Layer.succeed(FileSystem.FileSystem, { ...files, open })
        const journal = Layer.provide(
          ExitJournal.layerFile({ directory }),
          Layer.provideMerge(ProcessIdentity.layer, hanging)
        )
        const runs = Effect.forEach([1, 2, 3], () => Supervise.run(Command.make(command)), { concurrency: 3 })
        const losses = Effect.flatMap(ExitJournal.ExitJournal, ({ losses }) => losses)
        expect(
          yield* Effect.zipRight(runs, losses).pipe(
            Effect.provide(journal),
            Effect.provide(spawner),
            Effect.provide(log)
          )
        ).toBe(6)
        expect(errors.filter((message) => message.includes("loses records"))).toHaveLength(1)
      })
  )

  it.scoped("that does not sync keeps nobody, and the journal is closed", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const losses = yield* Effect.zipRight(
        Supervise.run(Command.make("true")),
        Effect.flatMap(ExitJournal.ExitJournal, ({ losses }) => losses)
      ).pipe(Effect.provide(onDisk(directory, { sync: Effect.never })), Effect.provide(NodeChildSpawner.layer))
      expect(losses).toBe(0)
      expect(linesIn(directory)).toHaveLength(2)
    })
  )

  it.scoped("counts no loss where fibers with different clocks share a journal", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const losses = yield* Effect.gen(function* () {
        const inLiveTime = Effect.withClock(Clock.make())
        yield* Effect.forEach(
          numbers(12),
          (n) => (n % 2 === 0 ? inLiveTime : identity)(Supervise.run(Command.make("true"))),
          {
            concurrency: 4
          }
        )
        return yield* Effect.flatMap(ExitJournal.ExitJournal, ({ losses }) => losses)
      }).pipe(Effect.provide(inFile(directory)), Effect.provide(NodeChildSpawner.layer))
      expect(losses).toBe(0)
      expect(linesIn(directory)).toHaveLength(24)
    })
  )
})
