/**
 * How the cases start their children, wait for them, and ask for who is left of them.
 */
import type { Child } from "@tether/process/Child"
import type { ChildOptions, OnLines } from "@tether/process/ChildOptions"
import * as StopPlan from "@tether/process/StopPlan"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { randomUUID } from "node:crypto"
import { expect } from "vitest"
import * as Script from "../../Script.js"
import * as ScriptProgram from "../../ScriptProgram.js"
import { Oracle } from "./oracle.js"

export const missingProgram = "tether-no-such-program"
export const missingDirectory = "/tether/no/such/directory"

type Steps = ReadonlyArray<Script.Step>

export const program = (...steps: Steps) => ScriptProgram.toCommand(Script.make(...steps))

export const run = (steps: Steps, options?: ChildOptions) => Supervise.run(program(...steps), options)

export const start = (steps: Steps, options?: ChildOptions) => Supervise.start(program(...steps), options)

/** As `run`, for an end that is to be a failure. */
export const fail = (steps: Steps, options?: ChildOptions) =>
  Effect.map(Effect.flip(run(steps, options)), (error) => {
    if (error._tag !== "ProcessFailed") throw error
    return error
  })

export const up = Script.stdout("up\n")

/** Waits until the child has printed this line: now it has started, and done all that comes before. */
export const printed = (child: Child, text = "up") =>
  child.read({ replay: 1000 }).pipe(
    Stream.takeUntil((line) => line.text === text),
    Stream.runLast,
    child.raceExit,
    Effect.timeoutFail({
      duration: patience,
      onTimeout: () => new Error(`"${text}" was not printed within ${patience}`)
    })
  )

/** Started, and up. */
export const startUp = (steps: Steps, options?: ChildOptions) =>
  Effect.tap(start(steps, options), (child) => printed(child))

/** More than anything takes that is not to be waited for. */
export const patience = "15 seconds"

/** SIGTERM, a moment, SIGKILL. */
export const impatient = StopPlan.make(StopPlan.signal("SIGTERM", "200 millis"))

/** SIGTERM, and far more time than anybody needs: who is killed by this has not heard. */
export const patient = StopPlan.make(StopPlan.signal("SIGTERM", patience))

/** Lines as they are handed over. */
export const lineRecord = () => {
  const texts: Array<string> = []
  const onLines: OnLines = (lines) => void texts.push(...lines)
  return { texts, onLines }
}

/** A mark for children, to be found again by it whatever becomes of them. */
export const mark = Effect.map(Oracle, (survivors) => {
  const SUITE_COOKIE = randomUUID()
  const living = Effect.map(survivors(`SUITE_COOKIE=${SUITE_COOKIE}`), (found) => found.map(({ pid }) => pid))
  return {
    env: { SUITE_COOKIE },
    living,
    /** What the child has left, while it lives itself. */
    othersThan: (child: Child) =>
      Effect.map(living, (pids) => {
        expect(pids).toContain(child.pid)
        return pids.filter((pid) => pid !== child.pid)
      }),
    expectNobody: Effect.map(living, (pids) => expect(pids, "processes that still live").toEqual([]))
  }
})
