// Who wants to know of every child, whoever starts it, provides an observer. It is told of an end before anyone can act
// on it, and whatever it does is no business of the child's.
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as ChildObserver from "@tether/process/ChildObserver"
import * as ExitStatus from "@tether/process/ExitStatus"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const diary = ChildObserver.layer({
  spawned: (child) => Console.log(`${child.label}: started`),
  exited: (child) => Console.log(`${child.label}: ${ExitStatus.format(child.status)}, ended by ${child.endedBy}`),
  gone: (child, end) =>
    Console.log(
      `${child.label}: gone, ${"survivors" in end ? "not all of it" : `with ${end.leftovers.length} leftovers`}`
    )
})

const program = Effect.gen(function* () {
  yield* Supervise.run(Command.make("true"), { label: "success" })
  yield* Supervise.run(Command.make("false"), { label: "failure", check: false })
  yield* Supervise.run(Command.make("sh", "-c", "sleep 60 >/dev/null 2>&1 & exit 0"), { label: "litterer" })
  yield* Supervise.use(Command.make("sleep", "60"), { label: "servant" }, () =>
    Console.log("  the servant's work is done")
  )
  yield* Effect.scoped(
    Effect.gen(function* () {
      const child = yield* Supervise.start(Command.make("sleep", "60"), { label: "victim" })
      yield* child.stop(StopPlan.kill)
    })
  )
})

program.pipe(Effect.provide(Layer.merge(NodeChildSpawner.layer, diary)), runMain)
