/**
 * How soon nothing is left of what has ended: no process, descriptor, timer or fiber. A timer that nobody clears, of a
 * grace say, shows here. That nothing is left at all, `system/Leaks.test.ts` tells.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as NodeChildSpawner from "../../src/NodeChildSpawner.js"
import { leavesNothing } from "../support/leaks.js"
import { quiet } from "../support/logs.js"

const sh = (script: string) => Command.make("sh", "-c", script)
const run = (command: Command.Command) =>
  Effect.scoped(Supervise.run(command, { check: false, relay: true, stop: StopPlan.kill })).pipe(
    Effect.provide(NodeChildSpawner.layer),
    Effect.provide(quiet)
  )

/** From the end of an effect. */
const timeToNothing = (effect: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    let end = 0
    yield* leavesNothing(
      Effect.ensuring(
        effect,
        Effect.sync(() => {
          end = performance.now()
        })
      )
    )
    return performance.now() - end
  })

const many = (count: number, f: (index: number) => Effect.Effect<unknown, unknown>, concurrency: number) =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => index),
    f,
    { concurrency }
  )

const writes = (index: number) => run(sh(`echo ${index}; echo ${index} >&2; exit ${index % 3}`))
const isInterrupted = (index: number) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(run(sh("echo hi; sleep 300 & sleep 300 & wait")))
    yield* Effect.sleep(index)
    return yield* Fiber.interrupt(fiber)
  })

describe("within a second nothing is left of", () => {
  it.live.each([
    ["50 runs in sequence", many(50, writes, 1)],
    ["100 runs in parallel", many(100, writes, 100)],
    ["40 runs that are interrupted, 20 at once", many(40, isInterrupted, 20)]
  ] as const)("%s", ([, effect]) =>
    Effect.gen(function* () {
      expect(yield* Effect.replicateEffect(timeToNothing(effect), 3)).toHaveMedianWithin(1000)
    })
  )
})
