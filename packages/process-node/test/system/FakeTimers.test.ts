/**
 * Fake timers that a test puts in the place of the real ones for a while: what starts meanwhile is not to harm what
 * comes after it.
 */
import * as Command from "@effect/platform/Command"
import { expect, it } from "@effect/vitest"
import { Exited, Signaled } from "@tether/process/ExitStatus"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { vi } from "vitest"
import * as NodeChildSpawner from "../../src/NodeChildSpawner.js"
import { captureLogs } from "../support/logs.js"

const stubborn = Effect.scoped(
  Effect.gen(function* () {
    const child = yield* Supervise.start(
      Command.make("sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done")
    )
    yield* Stream.runHead(child.read({ replay: 1 }))
    yield* child.stop(StopPlan.make(StopPlan.signal("SIGTERM", "700 millis")))
    return yield* child.gone
  })
)

// Of the timers this one alone: Effect's scheduler waits for a `setTimeout` now and then, and for ever for a fake one.
it.live("starts and stops go on after a fake setImmediate", () =>
  Effect.gen(function* () {
    vi.useFakeTimers({ toFake: ["setImmediate"] })
    const during = yield* Effect.fork(Supervise.run(Command.make("true")))
    yield* Effect.sleep("300 millis")
    vi.useRealTimers()
    expect((yield* during).status).toEqual(Exited(0))
    const runs = Array.from({ length: 20 }, () => Supervise.run(Command.make("true")))
    expect((yield* Effect.all(runs, { concurrency: "unbounded" })).map(({ status }) => status)).toEqual(
      runs.map(() => Exited(0))
    )
    expect((yield* stubborn).status).toEqual(Signaled("SIGKILL"))
  }).pipe(
    Effect.ensuring(Effect.sync(() => vi.useRealTimers())),
    Effect.provide([NodeChildSpawner.layer, captureLogs().layer])
  )
)
