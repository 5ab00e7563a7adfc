import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import { Exited, Signaled } from "@tether/process/ExitStatus"
import * as Supervise from "@tether/process/Supervise"
import * as Recording from "@tether/vitest/Recording"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import * as TestServices from "effect/TestServices"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { folder } from "../support/folder.js"

const sh = (script: string) => Command.make("sh", "-c", script)
const record = (command: Command.Command, options?: Recording.Options) =>
  Effect.provide(Recording.record(command, options), NodeChildSpawner.layer)

const replay = (recording: Recording.Recording) =>
  Effect.provide(
    Supervise.run(Command.make("replayed"), { check: false }),
    TestSpawner.layer(TestSpawner.always(recording.script))
  )

describe("a recording", () => {
  it.effect("has what a command wrote, when, and how it ended, and is played again in virtual time", () =>
    Effect.gen(function* () {
      const recording = yield* TestServices.provideLive(
        record(sh("echo one; sleep 0.2; echo two >&2; printf '\\377'; exit 3"), { label: "it" })
      )
      expect(recording.label).toBe("it")
      const waits = recording.script.steps.flatMap((step) => (step._tag === "Wait" ? [step.millis ?? 0] : []))
      expect(waits.reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(200)

      const fiber = yield* Effect.fork(replay(recording))
      yield* TestClock.adjust("1 minute")
      const report = yield* Fiber.join(fiber)
      expect(report).toMatchObject({ status: Exited(3), stderr: { tail: "two\n" }, stdout: { bytes: 5 } })
      expect(Duration.toMillis(report.duration)).toBeGreaterThanOrEqual(200)
    })
  )

  it.live("of a death by a signal ends by it", () =>
    Effect.gen(function* () {
      const recording = yield* record(sh("kill -KILL $$"))
      expect((yield* replay(recording)).status).toEqual(Signaled("SIGKILL"))
    })
  )

  it.scopedLive("is made once, kept in a file, and not made again", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "new/folder/recording.json")
      const first = yield* Recording.once(path, sh("echo $$"))
      expect(yield* Recording.once(path, sh("echo $$"))).toEqual(first)
      expect(readFileSync(path, "utf8")).toContain(`"stream": "stdout"`)
      const other = yield* Effect.exit(Recording.once(path, sh("echo another")))
      expect(String(other)).toContain("Die")
    }).pipe(Effect.provide(NodeChildSpawner.layer), Effect.provide(NodeFileSystem.layer))
  )

  it.live("does not show what is secret in the command", () =>
    Effect.gen(function* () {
      const recording = yield* record(Command.make("echo", "--token", "hunter2hunter2"), {
        redact: ["hunter2hunter2"],
        stdin: "null"
      })
      expect(recording.label).not.toContain("hunter2")
    })
  )
})
