// The first program: a child's lines go to the log while it lives, and its end is one typed value.
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"

Supervise.run(Command.make("node", "--version"), { label: "node", relay: true }).pipe(
  Effect.tap((report) => Effect.log(`exited after ${report.stdout.lines} line, ended by ${report.endedBy}`)),
  Effect.provide(NodeChildSpawner.layer),
  runMain
)
