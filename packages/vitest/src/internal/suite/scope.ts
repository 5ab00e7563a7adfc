/**
 * A child lives no longer than its scope.
 */
import { ChildSpawner } from "@tether/process/ChildSpawner"
import { Exited } from "@tether/process/ExitStatus"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import * as Script from "../../Script.js"
import { waitUntil } from "../../WaitUntil.js"
import { type Case, make } from "./case.js"
import { lineRecord, mark, printed, program, run, startUp, up } from "./children.js"

export const scope: ReadonlyArray<Case> = [
  make(
    "leaves nothing when a scope closes",
    Effect.gen(function* () {
      const { env, expectNobody, living } = yield* mark
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { pid } = yield* startUp([up, Script.hang], { env })
          expect(yield* living).toEqual([pid])
        })
      )
      yield* expectNobody
    })
  ),
  make(
    "leaves nothing when a child without a scope is released, once or twice",
    Effect.gen(function* () {
      const { env, expectNobody, living } = yield* mark
      const spawner = yield* ChildSpawner
      yield* Effect.acquireUseRelease(
        spawner.acquire(program(up, Script.hang), { env }),
        ({ child }) =>
          Effect.zipRight(
            printed(child),
            Effect.map(living, (pids) => expect(pids).toEqual([child.pid]))
          ),
        ({ release }) => Effect.zipRight(release, release)
      )
      yield* expectNobody
    })
  ),
  make(
    "leaves nothing when a run is interrupted",
    Effect.gen(function* () {
      const { env, expectNobody } = yield* mark
      const record = lineRecord()
      const fiber = yield* Effect.fork(run([up, Script.hang], { env, onLines: { stdout: record.onLines } }))
      yield* waitUntil(Effect.sync(() => record.texts.length === 1))
      expect(Exit.isInterrupted(yield* Fiber.interrupt(fiber))).toBe(true)
      yield* expectNobody
    })
  ),
  make(
    "fails the work that needs a child with ProcessFailed when the child ends first",
    Effect.gen(function* () {
      let isInterrupted = false
      const error = yield* Effect.flip(
        Supervise.use(program(Script.stderr("no port\n"), Script.exit(0)), {}, () =>
          Effect.onInterrupt(Effect.never, () =>
            Effect.sync(() => {
              isInterrupted = true
            })
          )
        )
      )
      expect(error).toMatchObject({ _tag: "ProcessFailed", status: Exited(0), endedBy: "child", stderr: "no port\n" })
      expect(isInterrupted).toBe(true)
    })
  ),
  make(
    "fails with the failure of the work, and leaves nothing",
    Effect.gen(function* () {
      const { env, expectNobody } = yield* mark
      const error = yield* Effect.flip(
        Supervise.use(program(up, Script.hang), { env }, (child) =>
          Effect.zipRight(printed(child), Effect.fail("no time"))
        )
      )
      expect(error).toBe("no time")
      yield* expectNobody
    })
  ),
  make(
    "ends twenty at once",
    Effect.gen(function* () {
      const { env, expectNobody, living } = yield* mark
      yield* Effect.scoped(
        Effect.gen(function* () {
          const children = yield* Supervise.all(Array.from({ length: 20 }, () => startUp([up, Script.hang], { env })))
          expect((yield* living).toSorted()).toEqual(children.map(({ pid }) => pid).toSorted())
        })
      )
      yield* expectNobody
    })
  )
]
