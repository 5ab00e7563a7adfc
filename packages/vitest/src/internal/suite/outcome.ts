/**
 * How a child has ended, and who has ended it.
 */
import { Exited, Signaled } from "@tether/process/ExitStatus"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import * as Script from "../../Script.js"
import { type Case, make, makeFor } from "./case.js"
import { fail, run, start, startUp, up } from "./children.js"

export const outcome: ReadonlyArray<Case> = [
  make(
    "reports an exit with code 0 as a success that is the child's own",
    Effect.gen(function* () {
      const report = yield* run([Script.exit(0)])
      expect(report).toMatchObject({ status: Exited(0), endedBy: "child", drained: { _tag: "Eof" }, leftovers: [] })
      expect(report.stages).toMatchObject([{ pid: report.pid, status: Exited(0) }])
      expect(report.pid).toBeGreaterThan(1)
    })
  ),
  make(
    "fails with ProcessFailed for another code, with the last words of both streams",
    Effect.gen(function* () {
      const error = yield* fail([Script.stdout("working\n"), Script.stderr("broken\n"), Script.exit(3)])
      expect(error).toMatchObject({ status: Exited(3), endedBy: "child", stdout: "working\n", stderr: "broken\n" })
    })
  ),
  make(
    "accepts the codes that are expected, and all of them unchecked",
    Effect.gen(function* () {
      const ends = Effect.all(
        [
          run([Script.exit(3)], { expect: [0, 3] }),
          run([Script.exit(255)], { check: false }),
          fail([Script.exit(0)], { expect: [3] })
        ],
        { concurrency: "unbounded" }
      )
      expect((yield* ends).map(({ status }) => status)).toEqual([Exited(3), Exited(255), Exited(0)])
    })
  ),
  makeFor(
    "signals",
    "tells a death by SIGKILL, which came from outside, from an exit with code 137",
    Effect.gen(function* () {
      const ends = Effect.all([fail([Script.die("SIGKILL")]), fail([Script.exit(137)])], { concurrency: "unbounded" })
      expect(yield* ends).toMatchObject([
        { status: Signaled("SIGKILL"), endedBy: "outside" },
        { status: Exited(137), endedBy: "child" }
      ])
    })
  ),
  make(
    "does not call a stop by the owner a failure",
    Effect.gen(function* () {
      const child = yield* startUp([up, Script.hang])
      yield* child.stop()
      expect(yield* child.report).toMatchObject({ endedBy: "owner" })
    })
  ),
  make(
    "knows that the end of a scope has ended a child",
    Effect.gen(function* () {
      const child = yield* Effect.scoped(startUp([up, Script.hang]))
      expect(yield* child.gone).toMatchObject({ endedBy: "scope" })
      expect(yield* child.isRunning).toBe(false)
    })
  ),
  make(
    "gives a stop no credit for a death that came before it",
    Effect.gen(function* () {
      const child = yield* start([Script.exit(1)])
      yield* child.exited
      yield* child.stop()
      expect(yield* Effect.flip(child.report)).toMatchObject({ status: Exited(1), endedBy: "child" })
    })
  )
]
