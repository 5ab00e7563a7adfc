// How a child is asked to stop is a value. Its last words arrive whatever the plan, because its output is read to the
// end before the stop is over.
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as ExitStatus from "@tether/process/ExitStatus"
import * as RelayLogger from "@tether/process/RelayLogger"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const plan = StopPlan.make(StopPlan.signal("SIGINT", "300 millis"), StopPlan.signal("SIGTERM", "300 millis"))

const startAndStop = (label: string, ...args: ReadonlyArray<string>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const child = yield* Supervise.start(
        Command.make("node", `${import.meta.dirname}/programs/stubborn.mjs`, ...args),
        {
          label,
          relay: true,
          stop: plan
        }
      )
      yield* child.lines.pipe(Stream.take(1), Stream.runDrain, child.raceExit)
      yield* Effect.log(`stopping it: ${StopPlan.describe(plan)}`)
      yield* child.stop()
      const report = yield* child.report
      yield* Effect.log(`it ${ExitStatus.format(report.status)}, ended by its ${report.endedBy}`)
    })
  ).pipe(Effect.annotateLogs("label", label))

Effect.zipRight(startAndStop("polite"), startAndStop("stubborn", "for-ever")).pipe(
  Effect.provide(RelayLogger.layer({ labels: ["stubborn"] })),
  Effect.provide(NodeChildSpawner.layer),
  runMain
)
