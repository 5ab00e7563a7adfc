/**
 * Sessions of a fiber whose clock stands still: they are real, and so is the time of all waits about them.
 */
import { describe, expect, it } from "@effect/vitest"
import * as ExitStatus from "@tether/process/ExitStatus"
import * as StopPlan from "@tether/process/StopPlan"
import * as Effect from "effect/Effect"
import { inPlace, whyNot } from "../support/sessions.js"

const prompting = "while printf '> '; do read -r line; echo; echo \"got $line\"; done"

describe.skipIf(whyNot !== undefined)("under a test clock, a session", () => {
  it.effect("is launched, becomes ready, takes a message and is stopped", () =>
    inPlace(({ deaths, shell }) =>
      Effect.gen(function* () {
        const session = yield* shell(`sleep 0.3; ${prompting}`, {
          ready: { isInputReady: (screen) => /^>\s*$/m.test(screen), message: "one" }
        })
        yield* session.send("two")
        expect(yield* session.screen).toContain("got one")
        const plan = StopPlan.make(StopPlan.signal("SIGTERM", "200 millis"))
        expect((yield* session.stop({ plan, reason: "done" })).status).toBeDefined()
        expect(deaths()).toHaveLength(1)
      })
    )
  )

  it.effect("that ends by itself is awaited", () =>
    inPlace(({ shell }) =>
      Effect.gen(function* () {
        const session = yield* shell("sleep 0.5; exit 3")
        expect((yield* session.ended).status).toEqual(ExitStatus.Exited(3))
      })
    )
  )

  it.effect("that never becomes ready fails when its time is over", () =>
    inPlace(({ shell }) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          shell("sleep 300", { ready: { isInputReady: () => false, bootWithin: "400 millis" } })
        )
        expect(error).toMatchObject({ _tag: "SessionNotReady", reason: "never-became-ready" })
      })
    )
  )
})
