// A child's lines can be read by anyone, any number of times. The first readers begin at the start. A reader holds the
// child back while it is slow, or is told what it missed; and one that comes late can ask for the last lines.
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

const program = Effect.scoped(
  Effect.gen(function* () {
    const count = 100_000
    const child = yield* Supervise.start(
      Command.make("node", `${import.meta.dirname}/programs/flood.mjs`, String(count)),
      { label: "flood" }
    )

    const everything = yield* Effect.fork(Stream.runCount(child.lines))

    // Much slower than the child writes. With `onSlow: "suspend"`, the default, the child would wait for it.
    const slow = yield* child.read({ onSlow: "drop" }).pipe(
      Stream.grouped(100),
      Stream.tap(() => Effect.sleep("5 millis")),
      Stream.flattenChunks,
      Stream.runFold({ seen: 0, missed: 0 }, ({ missed, seen }, item) =>
        item._tag === "Line" ? { missed, seen: seen + 1 } : { missed: missed + item.dropped, seen }
      ),
      Effect.fork
    )

    const first = yield* Stream.runHead(child.stdout)
    yield* Console.log(
      "the first line to come:",
      Option.match(first, { onNone: () => "none", onSome: (line) => (line._tag === "Line" ? line.text : "missed") })
    )
    yield* Console.log("a reader of everything saw", yield* Fiber.join(everything), "lines")

    const last = yield* child.read({ replay: 3 }).pipe(
      Stream.map((line) => line.text),
      Stream.runCollect
    )
    yield* Console.log("the last three, asked for afterwards:", [...last])

    const { missed, seen } = yield* Fiber.join(slow)
    yield* Console.log(`a slow reader saw ${seen} lines and was told of ${missed} more: together ${seen + missed}`)
  })
)

program.pipe(Effect.provide(NodeChildSpawner.layer), runMain)
