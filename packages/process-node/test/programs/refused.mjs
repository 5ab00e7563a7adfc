// Tries each level, and says what came of it.
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"

const tried = (name, containment) =>
  Supervise.run(Command.make("true"), { containment }).pipe(
    Effect.match({ onSuccess: (report) => report.containment, onFailure: (error) => error.reason }),
    Effect.map((outcome) => console.log(`${name}: ${outcome}`))
  )

Effect.runFork(
  Effect.all([tried("tree", "tree"), tried("cgroup", "cgroup"), tried("group", "group"), tried("default", undefined)], {
    discard: true
  }).pipe(Effect.provide(NodeChildSpawner.layer))
)
