// exit: 129
// A program that wants its children stopped by their plans whatever ends it. Here it is SIGHUP, which a closed terminal
// sends: the server says its last words, and the exit code tells of the signal.
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as NodeTether from "@tether/process-node/NodeTether"
import * as RelayLogger from "@tether/process/RelayLogger"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const server = Command.make("node", `${import.meta.dirname}/programs/stubborn.mjs`)

Supervise.use(server, { label: "server", relay: true }, (child) =>
  Effect.gen(function* () {
    yield* child.lines.pipe(Stream.take(1), Stream.runDrain)
    yield* Effect.log("the terminal is closed")
    process.kill(process.pid, "SIGHUP")
    yield* Effect.never
  })
).pipe(
  Effect.onInterrupt(() => Effect.log("everything is stopped")),
  Effect.provide(NodeChildSpawner.layer),
  Effect.provide(RelayLogger.layer({ labels: ["server"] })),
  NodeTether.runMain
)
