// A host that is another user with its second child than with its first. The second child leaves a process behind that
// only its cookie tells of.
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"

const program = Effect.gen(function* () {
  yield* Supervise.run(Command.make("true"))
  process.setgid(65_534)
  process.setuid(65_534)
  yield* Supervise.start(Command.make("sh", "-c", "setsid sleep 1031 & sleep 1032"))
  console.log("up")
  yield* Effect.never
})

Effect.runFork(Effect.scoped(program).pipe(Effect.provide(NodeChildSpawner.layer)))
