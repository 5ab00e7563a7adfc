import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Effect from "effect/Effect"
import { deathOf } from "../support/deaths.js"

const command = Command.make("build", "all")

describe("a scripted child", () => {
  it.live("that never ends leaves real time its turn", () =>
    Effect.gen(function* () {
      const layer = TestSpawner.layer(TestSpawner.always(Script.make(Script.forever(Script.stdout("y\n")))))
      const ended = yield* Effect.timeoutOption(Effect.provide(Supervise.run(command), layer), "100 millis")
      expect(ended._tag).toBe("None")
    })
  )
})

describe("rules", () => {
  it.live("let chosen programs through to the real spawner, and no pipeline of both", () =>
    Effect.gen(function* () {
      expect(yield* Supervise.string(Command.make("echo", "real"))).toBe("real\n")
      expect(yield* Supervise.string(Command.make("git"))).toBe("scripted")
      expect(yield* Supervise.string(Command.pipeTo(Command.make("echo", "both"), Command.make("cat")))).toBe("both\n")
      const exit = yield* Effect.exit(Supervise.string(Command.pipeTo(Command.make("git"), Command.make("cat"))))
      expect(deathOf(exit)).toContain("of git | cat not all are passed through")
      expect((yield* TestSpawner.TestSpawner).children).toHaveLength(1)
    }).pipe(
      Effect.provide(
        TestSpawner.layerOver(
          NodeChildSpawner.layer,
          TestSpawner.passthrough("echo", "cat"),
          TestSpawner.program("git", Script.make(Script.stdout("scripted")))
        )
      )
    )
  )

  it.live("let nothing through for which a rule before has a script", () =>
    Effect.gen(function* () {
      expect(yield* Supervise.string(Command.make("echo", "faked"))).toBe("script")
      expect(yield* Supervise.string(Command.make("echo", "real"))).toBe("real\n")
    }).pipe(
      Effect.provide(
        TestSpawner.layerOver(
          NodeChildSpawner.layer,
          TestSpawner.exactly(["echo", "faked"], Script.make(Script.stdout("script"))),
          TestSpawner.passthrough("echo")
        )
      )
    )
  )
})
