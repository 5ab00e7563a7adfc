/**
 * Stops, and whom they reach.
 */
import { Exited, Signaled } from "@tether/process/ExitStatus"
import * as StopPlan from "@tether/process/StopPlan"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import * as Script from "../../Script.js"
import { type Case, make, makeFor } from "./case.js"
import { impatient, mark, patience, patient, printed, startUp, up } from "./children.js"

/**
 * Closes the scope of a child that is up and has left one other process, and says how the child ended. Nobody is left.
 */
const stoppedBesideAnother = (left: Script.Leave) =>
  Effect.gen(function* () {
    const { env, expectNobody, othersThan } = yield* mark
    const child = yield* Effect.scoped(
      Effect.tap(startUp([left, up, Script.hang], { env, stop: impatient }), (child) =>
        Effect.map(othersThan(child), (others) => expect(others).toHaveLength(1))
      )
    )
    yield* expectNobody
    return yield* child.gone
  })

/** Lets a child exit that has left another process, which is stopped and named. */
const endedBesideAnother = (left: Script.Leave, code: number) =>
  Effect.gen(function* () {
    const { env, expectNobody, othersThan } = yield* mark
    const child = yield* startUp([left, up, Script.readToEnd, Script.exit(code)], {
      env,
      stdin: "pipe",
      stop: impatient
    })
    const others = yield* othersThan(child)
    yield* child.stdin.close
    const report = yield* child.gone
    yield* expectNobody
    expect(others).toHaveLength(1)
    expect(report.leftovers.map(({ pid }) => pid)).toEqual(others)
    return yield* Effect.either(child.report)
  })

const deaf = [Script.ignore("SIGTERM"), Script.hang]

export const stop: ReadonlyArray<Case> = [
  makeFor(
    "signals",
    "ends a child by SIGTERM",
    Effect.gen(function* () {
      const child = yield* startUp([up, Script.hang], { stop: patient })
      yield* child.stop()
      expect(yield* child.report).toMatchObject({ status: Signaled("SIGTERM"), endedBy: "owner" })
    })
  ),
  makeFor(
    "signals",
    "lets a child end in its own way when it is told to",
    Effect.gen(function* () {
      const obedient = Script.on("SIGTERM", Script.wait("50 millis"), Script.exit(5))
      const child = yield* startUp([obedient, up, Script.hang], { stop: patient })
      yield* child.stop()
      expect(yield* child.report).toMatchObject({ status: Exited(5), endedBy: "owner" })
    })
  ),
  makeFor(
    "signals",
    "kills a child that ignores SIGTERM",
    Effect.gen(function* () {
      const { env, expectNobody } = yield* mark
      const child = yield* startUp([Script.ignore("SIGTERM"), up, Script.hang], { env, stop: impatient })
      yield* child.stop()
      yield* expectNobody
      expect(yield* child.report).toMatchObject({ status: Signaled("SIGKILL"), endedBy: "owner" })
    })
  ),
  makeFor(
    "stops",
    "reaches a child that is stopped by SIGSTOP",
    Effect.gen(function* () {
      const stopped = [Script.on("SIGTERM", Script.exit(7)), up, Script.die("SIGSTOP"), Script.hang]
      const child = yield* startUp(stopped, { stop: patient })
      yield* child.stop()
      expect(yield* child.report).toMatchObject({ status: Exited(7), endedBy: "owner" })
    })
  ),
  make(
    "ends a child by the end of its input, where its plan begins so",
    Effect.gen(function* () {
      const child = yield* startUp([up, Script.readToEnd, Script.stdout("bye\n"), Script.exit(4)], {
        stdin: "pipe",
        stop: StopPlan.make(StopPlan.closeStdin(patience))
      })
      yield* child.stop()
      expect(yield* child.report).toMatchObject({ status: Exited(4), endedBy: "owner", stdout: { tail: "up\nbye\n" } })
    })
  ),
  makeFor(
    "signals",
    "sends a signal to a child that lives, and tells when there is none",
    Effect.gen(function* () {
      const child = yield* startUp([Script.on("SIGUSR1", Script.stdout("heard\n")), up, Script.hang])
      expect(yield* child.signal("SIGUSR1")).toBe(true)
      yield* printed(child, "heard")
      yield* child.stop(StopPlan.kill)
      yield* child.gone
      expect(yield* child.signal("SIGUSR1")).toBe(false)
    })
  ),
  makeFor(
    "groups",
    "ends a member of the group that ignores SIGTERM when its leader has obeyed",
    Effect.gen(function* () {
      const report = yield* stoppedBesideAnother(Script.leaveWith({ holds: [] }, ...deaf))
      expect(report).toMatchObject({ status: Signaled("SIGTERM"), endedBy: "scope" })
    })
  ),
  makeFor(
    "groups",
    "ends and names what an accepted exit leaves in the group",
    Effect.gen(function* () {
      expect(yield* endedBesideAnother(Script.leaveWith({ holds: [] }, Script.hang), 0)).toMatchObject({
        _tag: "Right"
      })
    })
  ),
  makeFor(
    "groups",
    "ends and names what a failing exit leaves in the group",
    Effect.gen(function* () {
      expect(yield* endedBesideAnother(Script.leaveWith({ holds: [] }, ...deaf), 9)).toMatchObject({
        _tag: "Left",
        left: { _tag: "ProcessFailed", status: Exited(9), endedBy: "child" }
      })
    })
  ),
  makeFor(
    "trees",
    "ends what has left the group for a session of its own",
    Effect.all(
      [
        stoppedBesideAnother(Script.leaveWith({ holds: [], escapes: true }, ...deaf)),
        endedBesideAnother(Script.leaveWith({ holds: [], escapes: true }, Script.hang), 0)
      ],
      { concurrency: "unbounded" }
    )
  )
]
