import { expect, it } from "@effect/vitest"
import * as Script from "@tether/vitest/Script"
import * as Effect from "effect/Effect"
import { init, play, sessionId } from "../support/turns.js"

it.live("ends a turn that was silent only at first, where nothing is said of the startup", () =>
  Effect.gen(function* () {
    const steps = [Script.wait("300 millis"), Script.stdout(init(sessionId)), Script.hang]
    const events = yield* play(steps, { timeouts: { idle: "400 millis" } })
    expect(events.at(-1)).toMatchObject({ _tag: "Failed", kind: { _tag: "Timeout", phase: "idle" } })
  })
)
