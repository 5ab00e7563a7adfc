// Several programs as one child. The kernel carries the bytes between them, the first stage that fails decides, and
// each of them is accounted for.
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import type { ExitReport } from "@tether/process/ExitReport"
import * as ExitStatus from "@tether/process/ExitStatus"
import * as Supervise from "@tether/process/Supervise"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

const sh = (script: string) => Command.make("sh", "-c", script)

const stages = (report: ExitReport) =>
  report.stages.map((stage) => `  ${stage.label} ${ExitStatus.format(stage.status)}`).join("\n")

// `yes` has no end. `head` has, and the kernel ends whoever writes to it afterwards.
const enough = Supervise.run(Command.make("yes").pipe(Command.pipeTo(Command.make("head", "-n", "2"))), {
  label: "enough"
}).pipe(Effect.flatMap((report) => Console.log(`two lines of yes, a success:\n${stages(report)}`)))

const numbers = Command.make("seq", "1", "1000000").pipe(
  Command.pipeTo(Command.make("sort", "-rn")),
  Command.pipeTo(Command.make("head", "-n", "1"))
)
const largest = Effect.flatMap(Supervise.string(numbers), (text) =>
  Console.log(`the largest of a million: ${text.trim()}`)
)

// The last stage ends well. It cannot know that it has seen half of it.
const half = sh("echo row 1; echo the disk is broken >&2; exit 74").pipe(Command.pipeTo(Command.make("wc", "-l")))
const failing = Supervise.run(half, { label: "export" }).pipe(
  Effect.catchTag("ProcessFailed", (error) => Console.log(error.pretty))
)

const missing = Supervise.run(sh("echo this never runs >&2").pipe(Command.pipeTo(Command.make("no-such-program"))), {
  label: "import",
  relay: true
}).pipe(Effect.catchTag("SpawnError", (error) => Console.log(error.message)))

Effect.all([enough, largest, failing, missing], { discard: true }).pipe(Effect.provide(NodeChildSpawner.layer), runMain)
