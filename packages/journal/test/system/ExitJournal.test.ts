import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import type { ExitRecord } from "@tether/journal/ExitRecord"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as ChildObserver from "@tether/process/ChildObserver"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Fixture from "@tether/vitest/Fixture"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { all, folder, inFile, quiet } from "../support/journal.js"

const sh = (script: string) => Command.make("sh", "-c", script)

describe("the record of an end", () => {
  const brief = StopPlan.make(StopPlan.signal("SIGTERM", "200 millis"))
  /** For what SIGTERM ends, however slow the machine is. */
  const long = StopPlan.make(StopPlan.signal("SIGTERM", "10 minutes"))
  const stopped = (command: Command.Command, stop: StopPlan.StopPlan) =>
    Supervise.use(command, { label: "it", stop }, (child) =>
      Effect.zipRight(Stream.runDrain(Stream.take(child.read({ replay: 1 }), 1)), child.stop())
    )
  const cases: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown, never>, Partial<ExitRecord>]> = [
    ["exit 137", Supervise.run(sh("exit 137"), { label: "it" }), { deadStatus: 137, endedBy: "child" }],
    ["exit 255", Supervise.run(sh("exit 255"), { label: "it" }), { deadStatus: 255, endedBy: "child" }],
    [
      "SIGKILL from outside",
      Supervise.run(sh("kill -KILL $$"), { label: "it" }),
      { deadSignal: "SIGKILL", endedBy: "outside" }
    ],
    [
      "SIGSEGV",
      Supervise.run(Fixture.command("dies-by-signal"), { label: "it" }),
      { deadSignal: "SIGSEGV", endedBy: "outside", lastLines: "bad\n" }
    ],
    [
      "our TERM",
      stopped(Fixture.command("waits"), long),
      { deadSignal: "SIGTERM", endedBy: "owner", stopStep: "SIGTERM" }
    ],
    [
      "our KILL",
      stopped(Fixture.command("ignores-term"), brief),
      { deadSignal: "SIGKILL", endedBy: "owner", stopStep: "SIGKILL" }
    ]
  ].map(([name, effect, record]) => [name, Effect.provide(effect as never, NodeChildSpawner.layer), record] as never)

  it.scopedLive.each(cases)("says what it was: %s", ([, run, expected]) =>
    Effect.gen(function* () {
      const directory = yield* folder
      const records = yield* Effect.zipRight(Effect.exit(run), all).pipe(
        Effect.provide(inFile(directory)),
        Effect.provide(quiet)
      )
      expect(records.map((record) => record.ev)).toEqual(["session-start", "session-exit"])
      expect(records[1]).toMatchObject({ identity: "it", start: records[0]?.id, pid: records[0]?.pid, ...expected })
      const line = readFileSync(join(directory, "exits.log"), "utf8").split("\n")[1] ?? ""
      expect(line).toMatch(
        new RegExp(
          `^ts=\\S+Z ev=session-exit identity=it dead_status=${expected.deadStatus ?? ""} dead_signal=${expected.deadSignal ?? ""} id=`
        )
      )
    })
  )

  it.scopedLive.each([
    ["where none was asked for", undefined, process.cwd()],
    ["by a relative path", "..", join(process.cwd(), "..")]
  ])("says in full where it ran: %s", ([, cwd, expected]) =>
    Effect.gen(function* () {
      const run = Effect.zipRight(Supervise.run(Command.make("true"), { cwd }), all)
      const records = yield* run.pipe(Effect.provide(inFile(yield* folder)), Effect.provide(NodeChildSpawner.layer))
      expect(records.map((record) => record.cwd)).toEqual([expected, expected])
    })
  )
})

describe("the moment of a record", () => {
  it.scopedLive("is before anyone has the handle, and before anyone can see the end", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const onDisk = () => readFileSync(join(directory, "exits.log"), "utf8").match(/ ev=\S+/g)
      yield* Effect.gen(function* () {
        for (let count = 0; count < 20; count++) {
          const before = onDisk() ?? []
          const child = yield* Supervise.start(sh("read line"), { stdin: "pipe" })
          expect(onDisk()).toEqual([...before, " ev=session-start"])
          yield* child.stdin.close
          yield* child.exited
          expect(onDisk()).toEqual([...before, " ev=session-start", " ev=session-exit"])
        }
      }).pipe(Effect.provide(inFile(directory)), Effect.provide(NodeChildSpawner.layer))
    })
  )
})

describe("a journal", () => {
  it.scopedLive("and another observer both see a child", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const note = (moment: string) => () => Effect.sync(() => told.push(moment))
      const own = ChildObserver.layer({ spawned: note("spawned"), exited: note("exited"), gone: note("gone") })
      const records = yield* Effect.zipRight(Supervise.run(Command.make("true")), all).pipe(
        Effect.provide(Layer.mergeAll(inFile(yield* folder), own, NodeChildSpawner.layer))
      )
      expect(records.map((record) => record.ev)).toEqual(["session-start", "session-exit"])
      expect(told).toEqual(["spawned", "exited", "gone"])
    })
  )

  it.scopedLive("loses no line of the first reader of a child", () =>
    Effect.gen(function* () {
      const count = Command.make("seq", "1", "5")
      const piped = Command.pipeTo(Command.make("sh", "-c", "seq 1 5; echo said >&2"), Command.make("cat"))
      const ways = [
        Effect.scoped(Effect.flatMap(Supervise.start(count), (child) => Stream.runCount(child.lines))),
        Supervise.use(count, { expect: [0] }, (child) => Stream.runCount(child.lines)),
        Effect.map(
          Supervise.use(piped, { expect: [0] }, (child) => Stream.runCount(child.lines)),
          (lines) => lines - 1
        )
      ]
      const counts = yield* Effect.forEach(ways, (way) => Effect.replicateEffect(way, 15)).pipe(
        Effect.provide(inFile(yield* folder)),
        Effect.provide(NodeChildSpawner.layer)
      )
      expect(new Set(counts.flat())).toEqual(new Set([5]))
    })
  )
})

describe("opening a journal", () => {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
  const startLine = (id: string, fields: string) =>
    `ts=2026-01-01T00:00:00.000Z ev=session-start identity=${id} id=01A${id} ${fields}\n`

  it.scopedLive("of several programs at once gives no start two ends", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      writeFileSync(
        join(directory, "exits.log"),
        Array.from({ length: 20 }, (_, index) =>
          startLine(`s${index}`, `pid=4194300 start_token=1 boot_id=${boot} writer=4194301:1`)
        ).join("")
      )
      yield* Effect.all(
        Array.from({ length: 5 }, () => Effect.provide(Effect.void, inFile(directory))),
        { concurrency: 5 }
      )
      const records = yield* Effect.provide(all, inFile(directory))
      expect(
        records
          .filter((record) => record.ev === "session-exit")
          .map((record) => record.identity)
          .toSorted()
      ).toEqual(Array.from({ length: 20 }, (_, index) => `s${index}`).toSorted())
    }).pipe(Effect.provide(quiet))
  )
})

const isRoot = process.geteuid?.() === 0
if (!isRoot) console.log("skipped: journals of other users, because only root can make them")
