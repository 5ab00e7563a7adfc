// Runs a child where that must fail, and prints the reason. Built code and plain JavaScript: there is no room here for a
// loader's own processes and descriptors.
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Command from "@effect/platform/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { execFileSync } from "node:child_process"
import { openSync } from "node:fs"

const what = process.argv[2]
let command = Command.make("true")
if (what === "user") command = Object.assign(Object.create(Object.getPrototypeOf(command)), command, { uid: Option.some(1) })
if (what === "processes") execFileSync("prlimit", ["--pid", String(process.pid), "--nproc=1:1"])
if (what === "descriptors") {
  execFileSync("prlimit", ["--pid", String(process.pid), "--nofile=200:200"])
  try {
    while (true) openSync("/dev/null")
  } catch {
    // There are no more.
  }
}

const reason = Supervise.run(command).pipe(
  Effect.match({
    onFailure: (error) => `${error.reason} ${error.code}`,
    onSuccess: () => "it worked"
  }),
  Effect.provide(NodeChildSpawner.layer)
)

Effect.runPromise(reason).then((text) => process.stdout.write(`${text}\n`))
