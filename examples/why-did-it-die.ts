// Five deaths, and what the exit journal knows of each, although nobody was looking. The last one is the hardest: the
// program that supervised it was killed too, and so the journal says what it can.
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as ExitRecord from "@tether/journal/ExitRecord"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as NodeProcessIdentity from "@tether/process-node/NodeProcessIdentity"
import * as ExitStatus from "@tether/process/ExitStatus"
import * as Supervise from "@tether/process/Supervise"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"

const host = Layer.merge(NodeProcessIdentity.layer, NodeFileSystem.layer)

/** Children that run where this is provided have a record of their beginning and of their end. */
const supervised = (directory: string) =>
  Layer.merge(NodeChildSpawner.layer, Layer.provide(ExitJournal.layerFile({ directory }), host))

const sh = (script: string) => Command.make("sh", "-c", script)

const day = Effect.gen(function* () {
  const dies = { check: false } as const
  yield* Supervise.run(sh("echo 'cannot read config.json' >&2; exit 3"), { ...dies, label: "crash" })
  yield* Supervise.run(sh("kill -KILL $$"), { ...dies, label: "victim" })
  yield* Supervise.use(Command.make("sleep", "60"), { label: "servant" }, () => Effect.void)
  // Little memory for V8, and never enough of it.
  const grow = "const kept = []; for (;;) kept.push(Array(1e5).fill(kept.length))"
  yield* Supervise.run(Command.make("node", "--max-old-space-size=20", "-e", grow), { ...dies, label: "glutton" })
})

/** This program again, to be killed at work by `kill -9`. */
const night = (directory: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const supervisor = yield* Supervise.start(
        Command.make(process.execPath, "--import", "tsx", import.meta.filename, directory),
        { label: "supervisor", check: false }
      )
      yield* supervisor.lines.pipe(Stream.take(1), Stream.runDrain, supervisor.raceExit)
      yield* supervisor.signal("SIGKILL")
      yield* supervisor.gone
    })
  )

const supervisor = (directory: string) =>
  Supervise.use(Command.make("sleep", "60"), { label: "orphan" }, () =>
    Effect.zipRight(Console.log("it runs"), Effect.never)
  ).pipe(Effect.provide(supervised(directory)))

/** What a supervisor leaves behind is ended within a second; until then it is alive, and the journal says so. */
const untilGone = (directory: string) =>
  Effect.flatMap(ExitJournal.reader(directory), (journal) => journal.unfinished("orphan")).pipe(
    Effect.repeat({ until: ([orphan]) => orphan?.state === "gone", schedule: Schedule.spaced("50 millis") }),
    Effect.timeout("10 seconds"),
    Effect.provide(host)
  )

const tell = (record: ExitRecord.ExitRecord) => {
  const status = ExitRecord.statusOf(record)
  return Console.log(
    [
      record.identity.padEnd(8),
      status === undefined ? "ended, and nobody saw how" : ExitStatus.format(status),
      `by ${record.endedBy}`,
      ...(record.stopStep === undefined ? [] : [`at step ${record.stopStep}`]),
      ...(record.reason === undefined ? [] : [record.reason]),
      ...(record.oom === undefined ? [] : [`${record.oom.certainty} want of memory (${record.oom.evidence})`]),
      ...(record.oom === undefined && record.lastLines !== undefined ? [`last words: ${record.lastLines.trim()}`] : [])
    ].join(", ")
  )
}

const main = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped({ prefix: "why-did-it-die-" })
  yield* Effect.provide(day, supervised(directory))
  yield* Effect.provide(night(directory), NodeChildSpawner.layer)
  yield* untilGone(directory)
  // To open the journal is enough: what has lost its supervisor gets its one record then.
  yield* ExitJournal.ExitJournal.pipe(
    Effect.flatMap((journal) => Stream.runForEach(journal.records({ events: ExitRecord.ends }), tell)),
    Effect.provide(supervised(directory))
  )
}).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))

const given = process.argv[2]

runMain(given === undefined ? main : supervisor(given))
