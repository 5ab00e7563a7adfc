/**
 * How soon a death is on record of which tmux may not know. That it is on record once, `system/Deaths.test.ts` tells.
 */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { eventually, field, inPlace, whyNot } from "../support/sessions.js"

it.live.skipIf(whyNot !== undefined)("the death of a pane's process by SIGKILL is on record within a second", () =>
  inPlace(({ deaths, shell }) =>
    Effect.gen(function* () {
      const samples = yield* Effect.forEach([0, 1, 2, 3, 4], (round) =>
        Effect.gen(function* () {
          const session = yield* shell("exec sleep 300", { identity: `it${round}` })
          const killed = Date.now()
          process.kill(session.shimPid, "SIGKILL")
          yield* eventually("the record is there", () => deaths().length === round + 1)
          yield* session.ended
          // By the time in the record: the looks of this test may be late.
          return Date.parse(field(deaths()[round], "ts") ?? "") - killed
        })
      )
      expect(samples).toHaveMedianWithin(1000)
    })
  )
)
