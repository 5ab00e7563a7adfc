// What a child writes can go straight into a file. Two streams that go to one file are there in their true order, which
// two pipes cannot tell. And a child can have descriptors beyond the standard ones: here a secret at 3, and its status
// at 4.
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

/** How many of the numbered lines stand behind one with a higher number. */
const misplaced = (lines: ReadonlyArray<string>): number =>
  lines.filter((line, index) => index > 0 && Number(line) < Number(lines[index - 1])).length

// Counts, on stdout and stderr in turn.
const alternating = Command.make(
  "sh",
  "-c",
  "i=1; while [ $i -le 999 ]; do echo $i; echo $((i + 1)) >&2; i=$((i + 2)); done"
)

const order = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped()
  const log = `${directory}/both.log`

  yield* Supervise.run(alternating, { stdout: { file: log }, stderr: { file: log } })
  const inFile = (yield* files.readFileString(log)).trim().split("\n")
  yield* Console.log(`one file: ${inFile.length} lines, ${misplaced(inFile)} of them misplaced`)

  const read: Array<string> = []
  const keep = (lines: ReadonlyArray<string>) => void read.push(...lines)
  yield* Supervise.run(alternating, { onLines: { stdout: keep, stderr: keep } })
  yield* Console.log(
    `two pipes: ${read.length} lines, ${misplaced(read)} of them misplaced, and another number next time`
  )

  yield* Supervise.run(Command.make("echo", "one more"), { stdout: { file: log, append: true } })
  yield* Console.log("added to it:", (yield* files.readFileString(log)).trim().split("\n").at(-1))

  const refusal = yield* Effect.flip(
    Supervise.run(Command.make("sort"), { stdin: { file: log }, stdout: { file: log } })
  )
  yield* Console.log(`refused: ${refusal.message.replace(directory, "…")}`)
}).pipe(Effect.scoped)

const descriptors = Supervise.run(
  Command.make("sh", "-c", "read -r secret <&3; echo checking $secret >&4; echo done"),
  {
    label: "login",
    fds: { 3: { text: Redacted.make("hunter2\n") }, 4: "lines" }
  }
).pipe(
  Effect.flatMap((report) =>
    Console.log("its stdout and its descriptor 4 said:", [report.stdout.tail, report.fds[4]?.tail])
  )
)

Effect.zipRight(order, descriptors).pipe(
  Effect.provide(NodeFileSystem.layer),
  Effect.provide(NodeChildSpawner.layer),
  runMain
)
