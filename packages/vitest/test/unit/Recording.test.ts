import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as Supervise from "@tether/process/Supervise"
import * as Recording from "@tether/vitest/Recording"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { folder } from "../support/folder.js"

const agentOutput = (name: string) => readFileSync(join(import.meta.dirname, "../../fixtures/agents", name), "utf8")

describe("a recording", () => {
  it.scoped("keeps bytes that are no text, and those that begin with a mark of byte order", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "recording.json")
      const chunks = [new Uint8Array([0xff, 0, 0xc3]), "\ufeffmarked\n"]
      const recording = { label: "bytes", at: 5, script: Script.make(Script.stdout(...chunks)) }
      yield* Recording.save(path, recording)
      expect(yield* Recording.load(path)).toEqual(recording)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.effect.each(["claude-text-turn", "claude-tool-turn", "codex-text-turn", "codex-tool-turn"])(
    "of an agent's turn gives its lines, each of which is JSON: %s",
    (name) =>
      Effect.gen(function* () {
        const text = agentOutput(`${name}.stdout.jsonl`)
        const recording = Recording.ofLines(name, text, 50)
        const lines: Array<string> = []
        const fiber = yield* Effect.fork(
          Supervise.run(Command.make("agent"), {
            onLines: { stdout: (chunk) => Effect.sync(() => lines.push(...chunk)) }
          }).pipe(Effect.provide(TestSpawner.layer(TestSpawner.always(recording.script))))
        )
        yield* TestClock.adjust("1 minute")
        const report = yield* Fiber.join(fiber)
        expect(`${lines.join("\n")}\n`).toBe(text.endsWith("\n") ? text : `${text}\n`)
        expect(lines.every((line) => typeof JSON.parse(line) === "object")).toBe(true)
        expect(Duration.toMillis(report.duration)).toBe(50 * lines.length)
      })
  )
})
