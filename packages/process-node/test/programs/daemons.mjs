import * as Command from "@effect/platform/Command"
// A host whose child leaves daemons without a cookie. It prints its report, the warnings, and the pids of the daemons.
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { readFileSync } from "node:fs"

const [folder] = process.argv.slice(2)
/** A shell starts `sleep` as a session leader without a parent, which writes down its own pid first. */
const daemon = (environment, name) =>
  `(env -i ${environment} setsid sh -c 'echo $$ > ${folder}/${name}; exec sleep 300' <&- >&- 2>&- &)`
const isThere = (name) => `until [ "$(cat /proc/$(cat ${folder}/${name})/comm)" = sleep ]; do :; done 2>/dev/null`
const script = [daemon("", "plain"), daemon("TMUX=/tmp/socket,1,0", "pane"), isThere("plain"), isThere("pane")]

const warnings = []
const logger = Logger.replace(
  Logger.defaultLogger,
  Logger.make(({ message }) => void warnings.push(String(message)))
)
const pidOf = (name) => Number(readFileSync(`${folder}/${name}`, "utf8"))

const report = await Effect.runPromise(
  Supervise.run(Command.make("sh", "-c", script.join("\n"))).pipe(
    Effect.provide(Layer.merge(NodeChildSpawner.layer, logger))
  )
)
const daemons = { plain: pidOf("plain"), pane: pidOf("pane") }
const living = Object.values(daemons).filter((pid) => process.kill(pid, 0))
process.stdout.write(JSON.stringify({ report, warnings, daemons, living }))
for (const pid of living) if (pid > 1) process.kill(pid, "SIGKILL")
