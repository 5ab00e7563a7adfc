/**
 * How long a source of input holds the event loop. That others have their turns at all, `system/Input.test.ts` tells.
 */
import * as Command from "@effect/platform/Command"
import { expect, it } from "@effect/vitest"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as NodeChildSpawner from "../../src/NodeChildSpawner.js"
import { longestTurnOf } from "../support/samples.js"
import { endless } from "../support/sources.js"

it.live.each([1, 100, 64 * 1024])(
  "a source without end that gives %i bytes at a time holds the event loop for less than 400 ms",
  (size) =>
    Effect.gen(function* () {
      const options = { stdin: { stream: endless(size).stream }, stdout: "null", stop: StopPlan.kill } as const
      const fed = Supervise.use(Command.make("cat"), options, () => Effect.sleep("500 millis"))
      const samples = yield* Effect.replicateEffect(longestTurnOf(fed), 3)
      expect(samples).toHaveMedianWithin(400)
    }).pipe(Effect.provide(NodeChildSpawner.layer))
)
