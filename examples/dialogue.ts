// Questions to a child and their answers, in order whoever asks. When it is no longer needed, it is told so by the end
// of its input; and when it dies over a question, that is the failure, with its last words.
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import type { Child } from "@tether/process/Child"
import type { ChildOptions } from "@tether/process/ChildOptions"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const teller = Command.make("node", `${import.meta.dirname}/programs/teller.mjs`)

const options: ChildOptions = {
  label: "teller",
  stdin: "pipe",
  stop: StopPlan.make(StopPlan.closeStdin("2 seconds"), StopPlan.signal("SIGTERM", "2 seconds"))
}

// What it says without being asked would be taken for an answer, if it came late.
const greeting = (child: Child) => child.lines.pipe(Stream.take(1), Stream.runDrain, child.raceExit)

const isOneLine = () => true
const isEndOfList = ({ text }: { readonly text: string }) => text === "end of list"

const add = (child: Child, amount: number) =>
  Effect.flatMap(child.ask(`add ${amount}`, isOneLine), ([line]) => Console.log(`add ${amount}: ${line?.text}`))

const business = Effect.scoped(
  Effect.gen(function* () {
    const child = yield* Supervise.start(teller, options)
    yield* greeting(child)
    yield* Effect.forEach([10, 20, 30], (amount) => add(child, amount), { concurrency: "unbounded" })
    const list = yield* child.ask("list", isEndOfList)
    yield* Console.log(
      "list:",
      list.map((line) => line.text)
    )

    yield* child.stop()
    const report = yield* child.report
    yield* Console.log("its last words:", report.stdout.tail.trim().split("\n").at(-1))
  })
)

const accident = Supervise.use(teller, options, (child) =>
  Effect.zipRight(greeting(child), child.ask("crash", isOneLine))
).pipe(Effect.catchTag("ProcessFailed", (error) => Console.log(error.pretty)))

Effect.zipRight(business, accident).pipe(Effect.provide(NodeChildSpawner.layer), runMain)
