/**
 * What is left when all is over: nothing.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import type { ChildOptions } from "@tether/process/ChildOptions"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Fixture from "@tether/vitest/Fixture"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as NodeChildSpawner from "../../src/NodeChildSpawner.js"
import { leavesNothing } from "../support/leaks.js"
import { quiet } from "../support/logs.js"
import { marked, waitUntil } from "../support/os.js"

const sh = (script: string) => Command.make("sh", "-c", script)
const run = (command: Command.Command, options?: ChildOptions) =>
  Effect.provide(Supervise.run(command, options), NodeChildSpawner.layer)

describe("runs", () => {
  it.live("2000 in sequence leave descriptors, timers and zombies as before", () =>
    leavesNothing(Effect.provide(Effect.repeatN(run(Command.make("true"), { relay: true }), 1999), quiet))
  )

  it.live("200 in parallel do too", () =>
    leavesNothing(
      Effect.forEach(
        Array.from({ length: 200 }, (_, index) => index),
        (index) => run(sh(`echo ${index}; echo ${index} >&2; exit ${index % 3}`), { check: false }),
        { concurrency: "unbounded" }
      )
    )
  )
})

describe("an interrupt", () => {
  const stop = StopPlan.make(StopPlan.signal("SIGTERM", "200 millis"))
  const commands = [
    sh("echo hi; exit 0"),
    sh("sleep 300 & sleep 300 & wait"),
    Fixture.command("ignores-term"),
    Fixture.command("prints-lines", "20000"),
    Command.make("no-such-program")
  ]

  const interruptedAfter = (pause: Effect.Effect<void>, command: Command.Command, mark: string) =>
    Effect.gen(function* () {
      const options: ChildOptions = {
        stop,
        relay: true,
        env: { TEST_MARK: mark },
        onLines: { stdout: () => Effect.yieldNow() }
      }
      const fiber = yield* Effect.fork(
        Effect.zipRight(
          run(command, options),
          Effect.provide(
            Supervise.use(command, options, (child) => Stream.runDrain(child.lines)),
            NodeChildSpawner.layer
          )
        ).pipe(Effect.provide(quiet))
      )
      yield* pause
      return yield* Fiber.interrupt(fiber)
    })

  it.live("at every step of a run leaves no child, descriptor or fiber", () => {
    const mark = `steps-${process.pid}-${Date.now()}`
    return leavesNothing(
      Effect.gen(function* () {
        for (let step = 0; step < 60; step++) {
          const command = commands[step % commands.length] as Command.Command
          // A few steps of the scheduler, then turns of the event loop: the spawn, its first bytes, its end.
          const pause = step < 20 ? Effect.repeatN(Effect.yieldNow(), step) : Effect.sleep((step - 20) / 2)
          yield* interruptedAfter(pause, command, mark)
        }
        yield* waitUntil("no child lives", () => marked(mark).length === 0)
      })
    )
  })

  it.live("of many at random instants leaves nothing", () => {
    const mark = `random-${process.pid}-${Date.now()}`
    return leavesNothing(
      Effect.gen(function* () {
        const exits = yield* Effect.forEach(
          Array.from({ length: 200 }, (_, index) => index),
          (index) =>
            interruptedAfter(
              Effect.sleep(Math.random() * 60),
              commands[index % commands.length] as Command.Command,
              mark
            ),
          { concurrency: 20 }
        )
        expect(exits.every((exit) => Exit.isFailure(exit) || Exit.isSuccess(exit))).toBe(true)
        yield* waitUntil("no child lives", () => marked(mark).length === 0)
      })
    )
  })
})
