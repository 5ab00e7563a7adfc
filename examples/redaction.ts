// Secrets reach the child, and nobody else: they are replaced in relayed lines, labels, errors, tails and reports.
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

// It says what it was given, and then fails.
const careless = Command.make("node", "careless.mjs", "--password", "hunter2").pipe(
  Command.workingDirectory(`${import.meta.dirname}/programs`)
)

const program = Supervise.run(careless, {
  // A redacted value in `env` is passed on as it is. A secret that comes another way is named in `redact`.
  env: { TOKEN: Redacted.make("tok-4711") },
  redact: ["hunter2"],
  relay: true
}).pipe(
  Effect.catchTag("ProcessFailed", (error) =>
    Console.log(
      [
        "The error says:",
        error.pretty,
        "Its data says:",
        JSON.stringify({ args: error.args, stdout: error.stdout, stderr: error.stderr }, undefined, 2)
      ].join("\n")
    )
  )
)

program.pipe(Effect.provide(NodeChildSpawner.layer), runMain)
