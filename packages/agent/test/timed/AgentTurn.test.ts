/**
 * How long the decoding of many lines holds the event loop. That others have their turns at all,
 * `system/AgentTurn.test.ts` tells.
 */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { eventsOf, lineByLine } from "../support/turns.js"

/** In milliseconds of processor time: what others take of it tells nothing of who holds the loop. */
const longestTurn = Effect.gen(function* () {
  let longest = 0
  let before = process.cpuUsage()
  const timer = setInterval(() => {
    const { system, user } = process.cpuUsage(before)
    longest = Math.max(longest, (user + system) / 1000)
    before = process.cpuUsage()
  }, 1)
  yield* eventsOf(lineByLine)
  clearInterval(timer)
  return longest
})

it.live("a million lines that are nothing hold the event loop for less than a second", () =>
  Effect.gen(function* () {
    expect(yield* Effect.replicateEffect(longestTurn, 3)).toHaveMedianWithin(1000)
  })
)
