import { expect, it } from "@effect/vitest"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Fixture from "@tether/vitest/Fixture"
import { expectNoLeaks } from "@tether/vitest/Leaks"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { firstMatches } from "../src/search.js"

const page = "GET /index.html\n".repeat(4000)

it.effect("takes no more of a flood than it needs, and stops it", () =>
  Effect.gen(function* () {
    expect(yield* firstMatches("error", 2)).toEqual(["error 1", "error 2"])
    const { last } = yield* TestSpawner.TestSpawner
    expect(last.status).toMatchObject({ signal: "SIGTERM" })
  }).pipe(
    Effect.provide(
      TestSpawner.layer(
        TestSpawner.program(
          "journal",
          Script.make(Script.stdout(page, "error 1\n", page, "error 2\n"), Script.forever(Script.stdout(page)))
        )
      )
    )
  )
)

it.live("leaves nothing of a real flood behind", () =>
  expectNoLeaks(
    Supervise.use(Fixture.command("floods-stdout"), {}, (child) => Stream.runDrain(Stream.take(child.lines, 10_000)))
  ).pipe(Effect.provide(NodeChildSpawner.layer))
)
