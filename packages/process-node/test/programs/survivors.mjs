// Runs a child that becomes another user, whom we may not signal, and prints the survivors as JSON.
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { readFileSync } from "node:fs"

const setuid = process.argv[2]
const stop = StopPlan.make(StopPlan.signal("SIGTERM", "100 millis"))

Effect.runFork(
  Supervise.use(Command.make(setuid, "--reuid", "0", "sleep", "300"), { stop, env: { UNKILLABLE: "1" } }, (child) =>
    // Before that it may be signalled still.
    Effect.repeat(Effect.sleep(5), {
      until: () => readFileSync(`/proc/${child.pid}/cmdline`, "utf8").startsWith("sleep")
    })
  ).pipe(
    Effect.catchTag("SurvivorsError", (error) => Effect.sync(() => console.log(JSON.stringify(error.survivors)))),
    Effect.provide(NodeChildSpawner.layer),
    Effect.provide(Logger.replace(Logger.defaultLogger, Logger.none)),
    Effect.ensuring(Effect.sync(() => process.exit()))
  )
)
