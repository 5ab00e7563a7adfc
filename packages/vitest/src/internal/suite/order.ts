/**
 * What comes before what.
 */
import * as ChildObserver from "@tether/process/ChildObserver"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import * as Script from "../../Script.js"
import { type Case, letTimePass, make } from "./case.js"
import { run, start } from "./children.js"

export const order: ReadonlyArray<Case> = [
  make(
    "has exited before it is drained, and is drained before it is gone",
    Effect.gen(function* () {
      const moments: Array<string> = []
      const note = (moment: string) => Effect.sync(() => void moments.push(moment))
      const gate = yield* Effect.makeLatch(false)
      const child = yield* start([Script.stdout("words\n"), Script.exit(0)], {
        onLines: { stdout: () => Effect.zipRight(gate.await, note("delivered")) }
      })
      // Those that come last wait first, so that nothing is in order by the order of the waiting.
      const fibers = [
        yield* Effect.fork(Effect.zipRight(child.gone, note("gone"))),
        yield* Effect.fork(Effect.zipRight(child.drained, note("drained"))),
        yield* Effect.fork(Effect.zipRight(child.exited, note("exited")))
      ]
      yield* child.exited
      // Who does not wait for the delivery is over by then.
      yield* letTimePass("50 millis")
      expect(moments).toEqual(["exited"])
      yield* gate.open
      yield* Fiber.joinAll(fibers)
      expect(moments).toEqual(["exited", "delivered", "drained", "gone"])
    })
  ),
  make(
    "answers when the slow readers of both streams have had everything",
    Effect.gen(function* () {
      const seen: Array<string> = []
      const take = (line: string) =>
        Effect.zipRight(
          Effect.sleep("60 millis"),
          Effect.sync(() => seen.push(line))
        )
      const slowly = (lines: ReadonlyArray<string>) => Effect.forEach(lines, take, { discard: true })
      yield* run([Script.stdout("1\n2\n"), Script.stderr("3\n4\n5\n"), Script.exit(0)], {
        onLines: { stdout: slowly, stderr: slowly }
      })
      expect(seen.toSorted()).toEqual(["1", "2", "3", "4", "5"])
    })
  ),
  make(
    "tells an observer of each moment before anybody else can know of it",
    Effect.gen(function* () {
      const told: Array<string> = []
      const tell = (moment: string) =>
        Effect.zipRight(
          Effect.sleep("30 millis"),
          Effect.sync(() => told.push(moment))
        )
      const observer = ChildObserver.layer({
        spawned: () => tell("spawned"),
        exited: () => tell("exited"),
        gone: () => tell("gone"),
        // That an observer is waited for is the matter here, and not for how long.
        timeout: "1 minute"
      })
      const child = yield* Effect.provide(start([Script.exit(3)]), observer)
      expect(told[0]).toBe("spawned")
      yield* child.exited
      expect(told.slice(0, 2)).toEqual(["spawned", "exited"])
      yield* child.gone
      expect(told).toEqual(["spawned", "exited", "gone"])
    })
  )
]
