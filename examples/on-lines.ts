// The fast path: the lines of each chunk at once, to a plain callback, or to an effect that is awaited and so holds the
// child back. No fiber and no object is spent on a line.
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import type { OnLines } from "@tether/process/ChildOptions"
import * as Supervise from "@tether/process/Supervise"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

const flood = (count: number) => Command.make("node", `${import.meta.dirname}/programs/flood.mjs`, String(count))

const measured = (title: string, count: number, stdout: OnLines) =>
  Effect.flatMap(Supervise.run(flood(count), { label: title, onLines: { stdout } }), (report) => {
    const millis = Math.round(Duration.toMillis(report.duration))
    return Console.log(`${title}: ${report.stdout.lines} lines, ${report.stdout.bytes} bytes in ${millis} ms`)
  })

let longest = ""
const keepLongest: OnLines = (lines) => {
  for (const line of lines) if (line.length > longest.length) longest = line
}

let stored = 0
const store: OnLines = (lines) =>
  Effect.sleep("1 millis").pipe(
    Effect.map(() => {
      stored += lines.length
    })
  )

const program = Effect.gen(function* () {
  yield* measured("a callback", 500_000, keepLongest)
  yield* Console.log(`  the longest line was "${longest}"`)
  yield* measured("an effect", 100_000, store)
  yield* Console.log(`  it stored ${stored} lines, none of them before the one in front was stored`)
})

program.pipe(Effect.provide(NodeChildSpawner.layer), runMain)
