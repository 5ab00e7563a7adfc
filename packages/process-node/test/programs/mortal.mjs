// A host that is about to die. Its argument is JSON:
//   { run, children: [{ sh, patience, options }], churn, deed, hang, options }
// run:   "runMain" is ours, "NodeRuntime" is that of @effect/platform-node, and otherwise it is a plain Effect.runFork
// churn: so many more children are started and stopped all the time
// deed:  what it does itself as often as a line arrives on stdin: "throw", "reject", "exit"; "end" and "fail" end its
// effect hang:  a finalizer that never ends Says "up" once all children run and the others have been through a few
// rounds; what children write, it writes too.
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as NodeTether from "@tether/process-node/NodeTether"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

const { run, children, churn = 0, deed, hang = false, options = {} } = JSON.parse(process.argv[2])

const sh = (script) => Command.make("sh", "-c", script)
const say = (lines) => void process.stdout.write(lines.map((line) => `${line}\n`).join(""))

let rounds = 0
const comeAndGo = Effect.forever(
  Effect.zipRight(
    Supervise.use(sh("setsid sleep 300 & sleep 300"), {}, () => Effect.sleep(Math.random() * 30)),
    Effect.sync(() => void rounds++)
  )
)

const deeds = {
  throw: () => {
    throw new Error("boom")
  },
  reject: () => void Promise.reject(new Error("boom")),
  exit: () => process.exit(0)
}

const keep = Effect.scoped(
  Effect.gen(function* () {
    const ended = yield* Deferred.make()
    if (hang) yield* Effect.addFinalizer(() => Effect.never)
    for (const { sh: script, patience, options } of children) {
      yield* Supervise.start(sh(script), {
        ...(options?.stdout === undefined && { onLines: { stdout: say } }),
        ...(patience !== undefined && { stop: StopPlan.make(StopPlan.signal("SIGTERM", patience)) }),
        ...options
      })
    }
    for (let index = 0; index < churn; index++) yield* Effect.forkScoped(comeAndGo)
    yield* Effect.repeat(Effect.sleep(5), { until: () => rounds >= churn })
    if (deed !== undefined) {
      const own = {
        end: () => Deferred.unsafeDone(ended, Effect.void),
        fail: () => Deferred.unsafeDone(ended, Effect.fail(new Error("it failed")))
      }
      process.stdin.on("data", deeds[deed] ?? own[deed])
      process.stdin.unref()
    }
    say([`up ${process.pid}`])
    yield* Deferred.await(ended)
    say(["done"])
  })
).pipe(Effect.provide(NodeChildSpawner.layer))

if (run === undefined) Effect.runFork(keep)
else if (run === "NodeRuntime") NodeRuntime.runMain(keep)
else if (options.teardown === undefined) NodeTether.runMain(keep, options)
else NodeTether.runMain(keep, { ...options, teardown: (_exit, onExit) => onExit(options.teardown) })
