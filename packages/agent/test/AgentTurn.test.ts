import { expect, it } from "@effect/vitest"
import * as Script from "@tether/vitest/Script"
import * as Effect from "effect/Effect"
import { init, play, result, sessionId, text } from "./support/turns.js"

it.live("smoke", () =>
  Effect.gen(function*() {
    const events = yield* play([Script.stdout(init(sessionId), text("m", "hello"), result("hello")), Script.exit(0)])
    console.log(JSON.stringify(events, null, 1))
    expect(events.at(-1)?._tag).toBe("Completed")
  }))
