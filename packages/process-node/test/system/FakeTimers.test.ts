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

const realTimeout = setTimeout

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

it.live.each<NonNullable<Parameters<typeof vi.useFakeTimers>[0]>["toFake"]>([
  ["setTimeout"],
  ["setTimeout", "setImmediate", "Date"],
  ["setTimeout", "setImmediate", "performance", "Date"]
])("starts and stops go on after fake timers", (toFake) =>
  Effect.gen(function* () {
    vi.useFakeTimers({ toFake })
    // It may wait for a timer that never fires.
    yield* Effect.forkDaemon(Supervise.run(Command.make("true")))
    yield* Effect.promise(() => new Promise((resolve) => realTimeout(resolve, 300)))
    vi.useRealTimers()
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
