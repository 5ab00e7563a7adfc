import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as RestartTally from "@tether/journal/RestartTally"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"

const journal = Layer.provide(ExitJournal.layerMemory, Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer))

const die = (draft: Partial<ExitJournal.Draft> = {}) =>
  Effect.flatMap(ExitJournal.ExitJournal, (each) =>
    each.append({ ev: "session-exit", identity: "web", deadStatus: 1, endedBy: "child", uptime: 10, ...draft })
  )

const count = (options: RestartTally.TallyOptions) =>
  Effect.map(RestartTally.deaths("web", options), (deaths) => deaths.length)

describe("the tally", () => {
  it.effect("counts deaths within its window, of this identity alone", () =>
    Effect.gen(function* () {
      yield* die()
      yield* TestClock.adjust("3 seconds")
      yield* die()
      yield* die({ identity: "worker" })
      yield* TestClock.adjust("3 seconds")
      expect(yield* count({ window: "5 seconds" })).toBe(1)
      expect(yield* count({ window: "1 minute" })).toBe(2)
    }).pipe(Effect.provide(journal))
  )

  it.effect("counts no death that is dated in the future, from before the clock was set back", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(7_200_000)
      yield* die()
      yield* TestClock.setTime(3_600_000)
      expect(yield* count({ window: "5 seconds" })).toBe(0)
      yield* die()
      expect(yield* count({ window: "5 seconds" })).toBe(1)
    }).pipe(Effect.provide(journal))
  )

  it.effect("never counts a stop on purpose", () =>
    Effect.gen(function* () {
      for (const endedBy of ["owner", "scope", "supervisor", "child", "outside", "unknown", "reaper"] as const)
        yield* die({ endedBy })
      expect(yield* count({ window: "1 minute" })).toBe(3)
    }).pipe(Effect.provide(journal))
  )

  it.effect("counts an end that nobody saw if it began within the window, and not if it was only found in it", () =>
    Effect.gen(function* () {
      const begin = Effect.flatMap(ExitJournal.ExitJournal, (each) =>
        each.append({ ev: "session-start", identity: "web" })
      )
      const [early, late] = [yield* begin, yield* Effect.zipRight(TestClock.adjust("1 hour"), begin)]
      for (const start of [early, late]) yield* die({ endedBy: "unknown", reason: "supervisor-died", start: start.id })
      expect(yield* count({ window: "1 minute" })).toBe(1)
      expect(yield* count({ window: "2 hours" })).toBe(2)
    }).pipe(Effect.provide(journal))
  )

  it.effect("is cleared by a healthy life, whose own death counts", () =>
    Effect.gen(function* () {
      yield* die()
      yield* die()
      yield* die({ uptime: 60_000 })
      yield* die()
      expect(yield* count({ window: "1 hour", healthyAfter: "1 minute" })).toBe(2)
      expect(yield* count({ window: "1 hour" })).toBe(4)
    }).pipe(Effect.provide(journal))
  )
})
