// Runs a child where that must fail, and prints the reason. Built code and plain JavaScript: there is no room here for
// a loader's own processes and descriptors.
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { execFileSync } from "node:child_process"
import { closeSync, existsSync, openSync, readFileSync } from "node:fs"

const what = process.argv[2]
let command = Command.make("true")
if (what === "user")
  command = Object.assign(Object.create(Object.getPrototypeOf(command)), command, { uid: Option.some(1) })
if (what === "processes") execFileSync("prlimit", ["--pid", String(process.pid), "--nproc=1:1"])

const taken = []
const takeAll = () => {
  execFileSync("prlimit", ["--pid", String(process.pid), "--nofile=200:200"])
  try {
    while (true) taken.push(openSync("/dev/null"))
  } catch {
    // There are no more.
  }
}
if (what === "descriptors") takeAll()

/** A child that leaves something in its group, while this program has no descriptor left to look at it with. */
const leftover = Effect.scoped(
  Effect.gen(function* () {
    const child = yield* Supervise.start(Command.make("sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!; exec sleep 0.3"))
    yield* Effect.sync(takeAll)
    const report = yield* child.gone
    const pid = Number(report.stdout.tail)
    taken.forEach((fd) => closeSync(fd))
    const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1][0] : "gone"
    return pid > 0 && (state === "gone" || state === "Z") ? "nothing left" : `${pid} is ${state}`
  })
).pipe(Effect.provide(NodeChildSpawner.layer))

const reason = Supervise.run(command).pipe(
  Effect.match({
    onFailure: (error) => `${error.reason} ${error.code}`,
    onSuccess: () => "it worked"
  }),
  Effect.provide(NodeChildSpawner.layer)
)

Effect.runPromise(what === "leftovers" ? leftover : reason).then((text) => process.stdout.write(`${text}\n`))
