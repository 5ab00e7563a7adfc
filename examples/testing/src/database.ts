import * as Command from "@effect/platform/Command"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

export class NotReady extends Data.TaggedError("NotReady") {}

/** A database that accepts connections. It is asked to shut down when the scope closes, and has ten seconds for it. */
export const database = Effect.gen(function* () {
  const child = yield* Supervise.start(Command.make("postgres", "-D", "data"), {
    label: "postgres",
    stop: StopPlan.make(StopPlan.signal("SIGINT", "10 seconds"))
  })
  const ready = Stream.runHead(
    Stream.filter(child.lines, (line) => line._tag === "Line" && line.text.includes("ready to accept"))
  )
  yield* child.raceExit(ready).pipe(Effect.timeoutFail({ duration: "30 seconds", onTimeout: () => new NotReady() }))
  return child
})
