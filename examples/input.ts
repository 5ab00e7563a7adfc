// What a child reads: a text, a stream that goes at the child's pace, or whatever is written to it. A source that fails
// is not taken for the end of the input: the child is stopped, and the failure is told.
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const sort = Command.make("sort", "-n")

const text = Supervise.lines(sort, { stdin: { text: "30\n4\n200\n" } }).pipe(
  Effect.flatMap((lines) => Console.log("a text, sorted:", lines.join(" ")))
)

// `head` has enough after three lines, and the stream, which has no end, is interrupted. That is no failure.
const stream = Supervise.run(Command.make("head", "-n", "3"), {
  stdin: {
    stream: Stream.iterate(1, (n) => n + 1).pipe(
      Stream.map((n) => `${n}\n`),
      Stream.rechunk(100)
    )
  }
}).pipe(
  Effect.flatMap(({ inputs, stdout }) =>
    Console.log(
      `a stream without end: ${stdout.lines} lines were wanted, and the input was ${inputs[0]?.complete ? "" : "not "}taken whole`
    )
  )
)

const writes = Supervise.use(sort, { stdin: "pipe", expect: [0] }, (child) =>
  Effect.gen(function* () {
    yield* Effect.forEach([3, 1, 2], (n) => child.stdin.write(`${n}\n`), { concurrency: "unbounded" })
    yield* child.stdin.writeAll(Stream.make("20\n", "10\n"))
    yield* child.stdin.close
    const report = yield* child.gone
    yield* Console.log("written bit by bit, sorted:", report.stdout.tail.trim().replaceAll("\n", " "))
  })
)

const half = Stream.make("1\n", "2\n").pipe(Stream.concat(Stream.fail(new Error("the connection was lost"))))

const failure = Supervise.run(Command.make("sh", "-c", "cat > /dev/null; echo all is stored"), {
  label: "store",
  stdin: { stream: half }
}).pipe(
  Effect.catchTag("ProcessFailed", (error) =>
    Console.log(
      [
        error.message,
        `  why: ${Cause.squash(error.inputCause ?? Cause.empty)}`,
        `  what it said: ${JSON.stringify(error.stdout)}`
      ].join("\n")
    )
  )
)

Effect.all([text, stream, writes, failure], { discard: true }).pipe(Effect.provide(NodeChildSpawner.layer), runMain)
