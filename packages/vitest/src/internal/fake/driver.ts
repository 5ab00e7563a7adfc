/**
 * The driver whose children are scripts.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import type { ChildDriver, LaunchEvents, LaunchFailure, LaunchRequest } from "@tether/process/ChildDriver"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Runtime from "effect/Runtime"
import type { Refused, Script } from "../../Script.js"
import { Ends } from "./descriptors.js"
import { FakeChild } from "./fakeChild.js"
import { makePipe, openFiles } from "./handles.js"

const capacityOfPipes = 64 * 1024

// Higher than Linux counts, so that whoever signals one past us reaches nobody.
const firstPid = 10_000_001

export const makeDriver = (
  scriptFor: (request: LaunchRequest) => Script | LaunchFailure,
  refusal: (request: LaunchRequest) => LaunchFailure | undefined,
  started: (child: FakeChild) => void
): ChildDriver => {
  let pid = firstPid
  const start = (request: LaunchRequest, events: LaunchEvents, runtime: Runtime.Runtime<never>, clock: Clock.Clock) => {
    const script = scriptFor(request)
    if (!("_tag" in script) || script._tag === "Refused") {
      closeHandles(request)
      return Effect.fail(failureOf(script))
    }
    const ends = Ends.open(request, events, script.pipeBytes ?? capacityOfPipes)
    if (!(ends instanceof Ends)) return Effect.fail(ends)
    const child = new FakeChild(script, { request, events, runtime, clock, nextPid: () => pid++ }, ends)
    started(child)
    child.begin()
    return Effect.succeed(child.launched)
  }
  return {
    // Waits about scripted children may run in real time, too: a machine that stands still decides nothing then.
    clock: ActiveTime.current,
    launch: (request, events) =>
      Effect.flatMap(Effect.runtime<never>(), (runtime) =>
        Effect.clockWith((clock) => start(request, events, runtime, clock))
      ),
    pipes: (count) => Effect.sync(() => Array.from({ length: count }, () => makePipe(capacityOfPipes))),
    files: (files) =>
      Effect.suspend(() => {
        const opened = openFiles(files)
        return "reason" in opened ? Effect.fail(opened) : Effect.succeed(opened)
      }),
    refusal
  }
}

export const failureOf = ({ code, problem, reason }: Refused | LaunchFailure): LaunchFailure => ({
  reason,
  problem,
  code
})

const closeHandles = (request: LaunchRequest): void => {
  for (const what of request.descriptors.values()) if (typeof what === "object" && what._tag === "Handle") what.close()
}
