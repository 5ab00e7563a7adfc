// A child as a service: whoever needs it says so in its type, and it lives as long as the layer. Sibling layers stop
// side by side, so the wait is the slowest stop and not the sum.
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import type { Child } from "@tether/process/Child"
import * as RelayLogger from "@tether/process/RelayLogger"
import * as Supervise from "@tether/process/Supervise"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

class Database extends Context.Tag("Database")<Database, Child>() {}
class Queue extends Context.Tag("Queue")<Queue, Child>() {}

/** A stand-in for a real service: it needs half a second to shut down. */
const service = (name: string) =>
  Command.make(
    "sh",
    "-c",
    `trap 'sleep 0.5; echo ${name} is down; exit 0' TERM; echo ${name} is up; while :; do sleep 0.1; done`
  )

const services = Layer.mergeAll(
  Supervise.layer(Database, service("database"), { label: "database", relay: { stderr: false } }),
  Supervise.layer(Queue, service("queue"), { label: "queue", relay: { stderr: false } })
).pipe(Layer.provide(NodeChildSpawner.layer))

const work: Effect.Effect<number, never, Database | Queue> = Effect.gen(function* () {
  const database = yield* Database
  const queue = yield* Queue
  yield* Effect.log(`working with ${database.label} (pid ${database.pid}) and ${queue.label} (pid ${queue.pid})`)
  yield* Effect.sleep("500 millis")
  yield* Effect.log("the work is done")
  return performance.now()
})

work.pipe(
  Effect.provide(services),
  Effect.tap((done) => Effect.log(`both were stopped within ${Duration.format(Math.round(performance.now() - done))}`)),
  Effect.provide(RelayLogger.layer({ labels: ["database", "queue"] })),
  runMain
)
