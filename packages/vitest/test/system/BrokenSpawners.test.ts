/**
 * That the suite rejects spawners that are broken, each by the cases that are about what is broken, and by no others.
 */
import { describe, expect, it } from "@effect/vitest"
import type { Child } from "@tether/process/Child"
import type { ChildDriver, Launched, LaunchRequest } from "@tether/process/ChildDriver"
import * as ChildSpawner from "@tether/process/ChildSpawner"
import type { ExitReport, StageReport } from "@tether/process/ExitReport"
import { Exited, type ExitStatus } from "@tether/process/ExitStatus"
import * as SpawnerSuite from "@tether/vitest/SpawnerSuite"
import type { TestChild } from "@tether/vitest/TestChild"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { makeDriver } from "../../src/internal/fake/driver.js"

type Spawner = ChildSpawner.ChildSpawner["Type"]

/** The spawner that is to be broken, and the oracle, which stays whole. */
const scripted = (breakIt: (driver: ChildDriver) => Spawner) =>
  Layer.unwrapEffect(
    Effect.sync(() => {
      const children: Array<TestChild> = []
      const scriptFor = (request: LaunchRequest) => {
        const rule = SpawnerSuite.rules.find((each) => each._tag === "Scripted" && each.matches(request))
        if (rule?._tag !== "Scripted") throw new Error(`no script for ${request.label}`)
        return typeof rule.script === "function" ? rule.script(request, 0) : rule.script
      }
      const refusal = (request: LaunchRequest) => {
        const script = scriptFor(request)
        return script._tag === "Refused" ? { ...script, code: script.code } : undefined
      }
      const driver = makeDriver(scriptFor, refusal, (child) => children.push(child))
      const survivors = (entry: string) =>
        Effect.sync(() =>
          children
            .filter(({ request }) => `SUITE_COOKIE=${request.env?.get("SUITE_COOKIE")}` === entry)
            .flatMap(({ living }) => living)
        )
      return Layer.merge(
        Layer.succeed(ChildSpawner.ChildSpawner, breakIt(driver)),
        Layer.succeed(SpawnerSuite.Oracle, survivors)
      )
    })
  )

/** The names of the cases that a spawner does not pass. */
const rejecting = (breakIt: (driver: ChildDriver) => Spawner) =>
  Effect.map(
    Effect.forEach(
      SpawnerSuite.cases,
      ({ name, run }) =>
        run.pipe(
          Effect.provide(scripted(breakIt)),
          Effect.disconnect,
          // For what hangs: a busy machine takes its time for the sound ones.
          Effect.timeout("4 minutes"),
          Effect.as([]),
          Effect.catchAllCause(() => Effect.succeed([name]))
        ),
      { concurrency: 12 }
    ),
    (names) => names.flat()
  )

// ---- broken drivers

const launching =
  (break_: (driver: ChildDriver) => ChildDriver["launch"]) =>
  (driver: ChildDriver): Spawner =>
    ChildSpawner.make({ ...driver, launch: break_(driver) })

const having = (part: (launched: Launched) => Partial<Launched>) =>
  launching(
    (driver) => (request, events) =>
      Effect.map(driver.launch(request, events), (launched) => ({ ...launched, ...part(launched) }))
  )

/** Reads no more of the pipes once the status is there. */
const losesTheTail = launching((driver) => (request, events) => {
  let hasExited = false
  return driver.launch(request, {
    ...events,
    data: (stream, chunk) => hasExited || events.data(stream, chunk),
    exited: (status) => {
      hasExited = true
      events.exited(status)
    }
  })
})

/** Hands everything over a turn later, and no output any more once the status is there. */
const losesTheLastWords = launching((driver) => (request, events) => {
  let hasExited = false
  const later = (event: () => void) => void setImmediate(event)
  return driver.launch(request, {
    data: (stream, chunk) => later(() => hasExited || events.data(stream, chunk)),
    end: (stream) => later(() => events.end(stream)),
    exited: (status) => {
      hasExited = true
      events.exited(status)
    }
  })
})

/** Signals reach the leader alone, and once that has ended nothing is said to live. */
const leavesTheGroup = launching(
  (driver) => (request, events) =>
    Effect.map(driver.launch({ ...request, containment: "none" }, events), (launched): Launched => ({
      ...launched,
      containment: "tree"
    }))
)

const tellsNoSignals = launching(
  (driver) => (request, events) =>
    driver.launch(request, {
      ...events,
      exited: (status) => events.exited(status._tag === "Exited" ? status : Exited(137))
    })
)

const hasThreeDescriptors = launching(
  (driver) => (request, events) =>
    driver.launch({ ...request, descriptors: new Map([...request.descriptors].filter(([each]) => each <= 2)) }, events)
)

// ---- a broken spawner over a whole one

const nothingRead = { bytes: 0, lines: 0, truncatedLines: 0, truncatedBytes: 0, drained: "Eof", tail: "" } as const

/** Enough for what is there already, and too few for any time to pass. */
const turns = Effect.repeatN(Effect.yieldNow(), 50)

/** Where the output is not there when the status is, it is not waited for: whoever asks hears that all is over. */
const answersAtExit = (driver: ChildDriver): Spawner => {
  const whole = ChildSpawner.make(driver)
  const early = (child: Child, status: ExitStatus): ExitReport => {
    const stage: StageReport = {
      label: child.label,
      pid: child.pid,
      status,
      endedBy: "child",
      stopStep: undefined,
      startedAt: 0,
      duration: Duration.zero,
      drained: { _tag: "Eof" },
      containment: child.containment,
      inputs: {},
      stdout: nothingRead,
      stderr: nothingRead,
      fds: {},
      leftovers: []
    }
    return { ...stage, stages: [stage] }
  }
  const isDrainedInTime = (child: Child): Effect.Effect<boolean> =>
    child.exited.pipe(Effect.zipRight(turns), Effect.zipRight(Effect.isSuccess(Effect.timeout(child.drained, 0))))
  const hasty = (child: Child, isWhole: Effect.Effect<boolean>): Child => {
    const now = Effect.map(child.exited, (status) => early(child, status))
    const orEarly = <A, E>(answer: Effect.Effect<A, E>, of: (report: ExitReport) => A) =>
      Effect.if(isWhole, { onTrue: () => answer, onFalse: () => Effect.map(now, of) })
    const answers: Partial<Child> = {
      gone: orEarly(child.gone, (report) => report),
      report: orEarly(child.report, (report) => report),
      drained: orEarly(child.drained, ({ drained }) => drained)
    }
    return new Proxy(child, { get: (target, name) => Reflect.get(name in answers ? answers : target, name) })
  }
  const acquire: Spawner["acquire"] = (command, options) =>
    Effect.gen(function* () {
      const { child, release } = yield* whole.acquire(command, options)
      const isWhole = yield* Effect.forkDaemon(Effect.interruptible(isDrainedInTime(child)))
      const early = hasty(child, Fiber.join(isWhole))
      // Stops it, and is done when the answer is there.
      return { child: early, release: Effect.zipRight(Effect.forkDaemon(release), Effect.ignore(early.gone)) }
    })
  return {
    clock: whole.clock,
    acquire,
    spawn: (command, options) =>
      Effect.map(
        Effect.acquireRelease(acquire(command, options), ({ release }) => release),
        ({ child }) => child
      )
  }
}

describe("the suite", () => {
  it.live("accepts a spawner that is not broken", () =>
    Effect.map(rejecting(ChildSpawner.make), (names) => expect(names).toEqual([]))
  )

  const broken: ReadonlyArray<readonly [string, (driver: ChildDriver) => Spawner, ReadonlyArray<string>]> = [
    [
      "loses the tail",
      losesTheTail,
      [
        "keeps what waits in a pipe at the exit for a reader that comes to it later",
        "waits for what a leftover still writes within the drain grace"
      ]
    ],
    [
      "answers the exit before the drain",
      answersAtExit,
      [
        "has exited before it is drained, and is drained before it is gone",
        "answers when the slow readers of both streams have had everything",
        "loses nothing of a megabyte that is written right before the exit, to a slow reader",
        "waits for what a leftover still writes within the drain grace",
        "waits no longer than the drain grace for a pipe that is held open, and names the holder",
        "gives up a reader that takes nothing for the deliver grace, and counts what it did not take"
      ]
    ],
    [
      "leaves a group member",
      leavesTheGroup,
      [
        "ends a member of the group that ignores SIGTERM when its leader has obeyed",
        "ends and names what an accepted exit leaves in the group",
        "ends and names what a failing exit leaves in the group",
        "ends what has left the group for a session of its own"
      ]
    ],
    [
      "never holds back a child",
      having(() => ({ pause: () => undefined })),
      ["holds back a child whose reader takes nothing, and lets it go on with its reader"]
    ],
    [
      "finds nobody who has left the group",
      having(() => ({ search: Effect.succeed(false) })),
      ["ends what has left the group for a session of its own"]
    ],
    [
      "names no members",
      having(() => ({ members: Effect.succeed([]) })),
      [
        "ends and names what an accepted exit leaves in the group",
        "ends and names what a failing exit leaves in the group",
        "ends what has left the group for a session of its own"
      ]
    ],
    [
      "names no holders",
      having(() => ({ holders: () => Effect.succeed([]) })),
      ["waits no longer than the drain grace for a pipe that is held open, and names the holder"]
    ],
    [
      "takes a death by a signal for an exit",
      tellsNoSignals,
      [
        "tells a death by SIGKILL, which came from outside, from an exit with code 137",
        "ends a child by SIGTERM",
        "kills a child that ignores SIGTERM",
        "ends a member of the group that ignores SIGTERM when its leader has obeyed",
        "ends an endless stage when the next one has enough, which is no failure"
      ]
    ],
    ["has no descriptors above stderr", hasThreeDescriptors, ["reads a descriptor above stderr, beside the others"]]
  ]

  it.live.each(broken)("rejects one that %s, and for nothing else", ([, breakIt, names]) =>
    Effect.map(rejecting(breakIt), (found) => expect(found.toSorted()).toEqual(names.toSorted()))
  )

  it.live("rejects one that loses the last words before an exit", () =>
    Effect.map(rejecting(losesTheLastWords), (found) => {
      expect(found).toContain("delivers the last words before the exit")
      expect(found).toContain("keeps the words of a child that is over before anybody asks")
      expect(found).toContain("fails with ProcessFailed for another code, with the last words of both streams")
    })
  )
})
