/** Fills the disk under its journal, starts a hundred children, stops them, and prints how they ended. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Command from "@effect/platform/Command"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { appendFileSync } from "node:fs"

const directory = process.argv[2]
const host = Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)
const said = []
const logger = Logger.replace(
  Logger.defaultLogger,
  Logger.make(({ message }) => said.push(String(message)))
)

const fill = Effect.sync(() => {
  for (const size of [4096, 1]) {
    try {
      while (true) appendFileSync(`${directory}/filler`, "x".repeat(size))
    } catch {
      // It is full.
    }
  }
})

Effect.gen(function* () {
  const journal = yield* ExitJournal.ExitJournal
  yield* fill
  const scope = yield* Scope.make()
  const stop = StopPlan.make(StopPlan.signal("SIGTERM", "10 minutes"))
  const start = Supervise.start(Command.make("sleep", "1000"), { label: "sleeper", stop })
  const children = yield* Effect.all(
    Array.from({ length: 100 }, () => start),
    { concurrency: 20 }
  ).pipe(Scope.extend(scope))
  yield* Scope.close(scope, Exit.void)
  const reports = yield* Effect.forEach(children, (child) => child.gone)
  const ends = {}
  for (const { endedBy, status } of reports) {
    const end = `${endedBy} ${status.signal}`
    ends[end] = (ends[end] ?? 0) + 1
  }
  return { ends, losses: yield* journal.losses }
}).pipe(
  Effect.provide(Layer.provide(ExitJournal.layerFile({ directory }), host)),
  Effect.provide(NodeChildSpawner.layer),
  Effect.provide(logger),
  Effect.map((result) => console.log(JSON.stringify({ ...result, said }))),
  Effect.runPromise
)
