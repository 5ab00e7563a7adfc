import * as Command from "@effect/platform/Command"
// A host that may not see processes, or may not start a reaper. Its argument says what it is to do.
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"

const say = (text) => Effect.sync(() => process.stdout.write(`${text}\n`))
const hidden = { stdout: "null", stderr: "null" }
const stop = StopPlan.make(StopPlan.signal("SIGTERM", "200 millis"))

const tried = (containment) =>
  Supervise.run(Command.make("true"), { ...hidden, containment }).pipe(
    Effect.match({
      onSuccess: (report) => report.containment,
      onFailure: (error) => `${error.reason}: ${error.problems.join("; ")}`
    }),
    Effect.flatMap((outcome) => say(`${containment ?? "default"}: ${outcome}`))
  )

const deeds = {
  levels: Effect.forEach(["group", "tree", "cgroup", undefined, undefined], tried, { discard: true }),
  leftovers: Supervise.run(Command.make("sh", "-c", "sleep 61 & exit 0"), { ...hidden, stop }).pipe(
    Effect.match({
      onSuccess: (report) => JSON.stringify(report.leftovers.map(({ command }) => command)),
      onFailure: (error) => error._tag
    }),
    Effect.flatMap((outcome) => say(`left: ${outcome}`))
  ),
  die: Effect.gen(function* () {
    // One that has ended by then, and two that have not.
    yield* Supervise.run(Command.make("true"), hidden)
    yield* Supervise.start(Command.make("sleep", "60"), hidden)
    yield* Supervise.start(Command.make("sh", "-c", "sleep 300 & sleep 300"), hidden)
    yield* say("up")
    process.kill(process.pid, "SIGKILL")
  })
}

await Effect.runPromise(Effect.scoped(Effect.provide(deeds[process.argv[2]], NodeChildSpawner.layer)))
