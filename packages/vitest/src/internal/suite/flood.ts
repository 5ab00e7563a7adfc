/**
 * Children that write more than anybody takes.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import * as Script from "../../Script.js"
import { waitUntil } from "../../WaitUntil.js"
import { type Case, letTimePass, make } from "./case.js"
import { impatient, lineRecord, mark, run, start } from "./children.js"

const line = `${"x".repeat(4095)}\n`
const twoMegabytes = Script.repeat(512, Script.stdout(line))

export const flood: ReadonlyArray<Case> = [
  make(
    "holds back a child whose reader takes nothing, and lets it go on with its reader",
    Effect.gen(function* () {
      const gate = yield* Effect.makeLatch(false)
      const errors = lineRecord()
      let lines = 0
      let handedOver = 0
      const child = yield* start([twoMegabytes, Script.stderr("all is written\n"), Script.exit(0)], {
        deliverGrace: "1 second",
        onLines: {
          stdout: (more) => {
            handedOver++
            return Effect.map(gate.await, () => void (lines += more.length))
          },
          stderr: errors.onLines
        }
      })
      yield* waitUntil(Effect.sync(() => handedOver > 0))
      // Nothing tells that it is held back; who is not has long written all of it by then.
      yield* letTimePass("300 millis")
      expect([errors.texts, yield* child.isRunning], "what a child writes whose reader takes nothing").toEqual([
        [],
        true
      ])
      yield* gate.open
      expect((yield* child.report).stdout.bytes).toBe(512 * line.length)
      expect([lines, errors.texts]).toEqual([512, ["all is written"]])
    })
  ),
  make(
    "ends a flood whose reader takes nothing",
    Effect.gen(function* () {
      const { env, expectNobody } = yield* mark
      let handedOver = 0
      const fiber = yield* Effect.fork(
        run([Script.forever(Script.stdout(line))], {
          env,
          stop: impatient,
          deliverGrace: "100 millis",
          onLines: {
            stdout: () => {
              handedOver++
              return Effect.never
            }
          }
        })
      )
      yield* waitUntil(Effect.sync(() => handedOver > 0))
      yield* Fiber.interrupt(fiber)
      yield* expectNobody
    })
  ),
  make(
    "reads on where nobody listens",
    Effect.gen(function* () {
      const report = yield* run([twoMegabytes, Script.exit(0)])
      expect(report.stdout).toMatchObject({ bytes: 512 * line.length, lines: 512 })
      expect(report.stdout.tail.length).toBeLessThanOrEqual(16 * 1024)
    })
  )
]
