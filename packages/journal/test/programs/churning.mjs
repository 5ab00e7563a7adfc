/** Starts short children, several at once, for ever, with a journal in the directory that it is given. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Command from "@effect/platform/Command"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const host = Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)
const journal = Layer.provide(
  ExitJournal.layerFile({ directory: process.argv[2], maxBytes: Number(process.argv[3]), keep: 100 }),
  host
)

const churn = (lane) =>
  Effect.forever(
    Supervise.run(Command.make("sh", "-c", `sleep 0.0${lane}; exit ${lane}`), { label: `lane ${lane}`, check: false })
  )

Effect.zipRight(
  Effect.sync(() => console.log("up")),
  Effect.all([1, 2, 3, 4].map(churn), { concurrency: "unbounded", discard: true })
).pipe(Effect.provide(journal), Effect.provide(NodeChildSpawner.layer), Effect.runPromise)
