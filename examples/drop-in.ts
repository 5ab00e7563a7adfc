// One program, written against `@effect/platform`'s `Command` alone, under Effect's executor and under ours. The
// program does not change, only the layer. Everything in it ends by itself within two seconds, because under Effect's
// it has to.
import * as EffectExecutor from "@effect/platform-node/NodeCommandExecutor"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { runMain } from "@effect/platform-node/NodeRuntime"
import * as Command from "@effect/platform/Command"
import * as NodeCommandExecutor from "@tether/process-node/NodeCommandExecutor"
import * as StopPlan from "@tether/process/StopPlan"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const sh = (script: string) => Command.make("sh", "-c", script)
const textOf = <E>(bytes: Stream.Stream<Uint8Array, E>) => Stream.mkString(Stream.decodeText(bytes))

// What it does is written in it: nothing that makes its parent's life easy.
const noisy = Command.make("sh", `${import.meta.dirname}/programs/noisy.sh`)

const talk = Effect.gen(function* () {
  let said = ""
  const [duration] = yield* Effect.timed(
    Effect.scoped(
      Effect.gen(function* () {
        const process = yield* Command.start(noisy)
        yield* process.stdout.pipe(
          Stream.decodeText(),
          Stream.takeUntil((text) => text.includes("logged")),
          Stream.runForEach((text) =>
            Effect.sync(() => {
              said += text
            })
          ),
          Effect.timeoutOption("500 millis")
        )
      })
    )
  )
  return {
    "what it said within 0.5 s": said.trim().replaceAll("\n", ", "),
    "it and its scope took": `${Duration.toSeconds(duration).toFixed(1)} s`
  }
})

const readLate = Effect.scoped(
  Effect.gen(function* () {
    const process = yield* Command.start(sh("echo the result"))
    yield* process.exitCode
    return { "read after the exit": JSON.stringify(yield* textOf(process.stdout)) }
  })
)

const leave = Effect.acquireUseRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-"))),
  (directory) =>
    Effect.gen(function* () {
      yield* Command.exitCode(
        sh("(sleep 0.3; echo late > late) > /dev/null 2>&1 &").pipe(Command.workingDirectory(directory))
      )
      yield* Effect.sleep("800 millis")
      return { "left running after the exit": existsSync(join(directory, "late")) ? "yes" : "no" }
    }),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

const misuse = Effect.map(Effect.exit(Command.exitCode(Command.make("true", "x".repeat(3_000_000)))), (exit) => ({
  "too long an argument": exit._tag === "Failure" && exit.cause._tag === "Die" ? "a defect" : "a typed failure"
}))

const program = Effect.map(
  Effect.all([talk, readLate, leave, misuse], { concurrency: "unbounded" }),
  (parts) => Object.assign({}, ...parts) as Record<string, string>
)

Effect.all(
  {
    "Effect's": Effect.provide(program, Layer.provide(EffectExecutor.layer, NodeFileSystem.layer)),
    ours: Effect.provide(
      program,
      NodeCommandExecutor.layerWith({ stop: StopPlan.make(StopPlan.signal("SIGTERM", "300 millis")) })
    )
  },
  { concurrency: "unbounded" }
).pipe(
  Effect.tap((columns) => Effect.sync(() => console.table(columns))),
  runMain
)
