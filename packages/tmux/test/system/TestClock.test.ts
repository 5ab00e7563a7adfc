/**
 * Sessions of a fiber whose clock stands still: they are real, and so is the time of all waits about them.
 */
import { describe, expect, it } from "@effect/vitest"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as ExitStatus from "@tether/process/ExitStatus"
import * as StopPlan from "@tether/process/StopPlan"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as TmuxSession from "../../src/TmuxSession.js"
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

  it.effect("takes two messages at once, one after the other", () =>
    inPlace(({ shell }) =>
      Effect.gen(function* () {
        const session = yield* shell(prompting, { ready: { isInputReady: (screen) => /^>\s*$/m.test(screen) } })
        yield* Effect.all([session.send("one"), session.send("two")], { concurrency: 2, discard: true })
        expect(yield* session.screen).toMatch(/got (one|two)[^]*got (one|two)/)
      })
    )
  )

  it.effect("is idle once its log has not been written for a while", () =>
    inPlace(({ shell }) =>
      Effect.gen(function* () {
        const session = yield* shell("echo hello; sleep 300")
        const stopIdle = TmuxSession.stopIdle("1 second", { plan: StopPlan.kill })
        const isOver = (stopped: ReadonlyArray<unknown>) => stopped.length > 0
        const [stopped] = yield* Effect.repeat(stopIdle, { until: isOver })
        expect(stopped?.session.identity).toBe(session.identity)
      })
    )
  )

  it.effect("is as old as it really is, whatever the dates are", () =>
    inPlace(({ exitLogDir, shell }) =>
      Effect.gen(function* () {
        const uptimeOf = (identity: string) =>
          Effect.map(
            Effect.flatMap(ExitJournal.reader(exitLogDir), (journal) => journal.lastExit(identity)),
            (found) => Option.getOrThrow(found).uptime
          )
        const stopped = yield* shell("sleep 300", { identity: "stopped" })
        yield* TestClock.adjust("10 days")
        yield* stopped.stop({ plan: StopPlan.kill, reason: "done" })
        const ended = yield* shell("true", { identity: "ended" })
        yield* ended.ended
        for (const identity of ["stopped", "ended"]) {
          const uptime = yield* uptimeOf(identity)
          expect(uptime).toBeGreaterThanOrEqual(0)
          expect(uptime).toBeLessThan(Duration.toMillis("1 hour"))
        }
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
