// Launches a session from built packages, and stays until it is killed: `launch.mjs DIRECTORY LOGS EXITS [TMUX
// [PROGRAM]]`.
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as NodeProcessIdentity from "@tether/process-node/NodeProcessIdentity"
import * as Tmux from "@tether/tmux/Tmux"
import * as TmuxSession from "@tether/tmux/TmuxSession"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const [, , directory, logDir, exitLogDir, program = "tmux", missing] = process.argv
const command =
  missing !== undefined ? Command.make(missing) : Command.make("bash", "-c", "echo pid $$; exec sleep 300")
const layer = Tmux.layer({ directory, program }).pipe(
  Layer.provideMerge(Layer.mergeAll(NodeChildSpawner.layer, NodeProcessIdentity.layer, NodeFileSystem.layer))
)
await Effect.runPromise(
  Effect.zipRight(TmuxSession.launch({ identity: "it", command, logDir, exitLogDir }), Effect.never).pipe(
    Effect.provide(layer)
  )
)
