/**
 * Readers of real children that come at any moment.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Stream from "effect/Stream"
import * as NodeChildSpawner from "../../src/NodeChildSpawner.js"

const turn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

describe("the first readers of a child", () => {
  it.live("get every line, or the number of lines that they missed, at whatever moment they come", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 60_000 }),
          fc.nat(60),
          fc.integer({ min: 1, max: 4 }),
          fc.boolean(),
          (lines, turns, readers, isPiped) =>
            Effect.runPromise(Effect.provide(holds(lines, turns, readers, isPiped), NodeChildSpawner.layer))
        ),
        { numRuns: 60 }
      )
    )
  )

  const holds = (lines: number, turns: number, readers: number, isPiped: boolean) =>
    Effect.gen(function* () {
      const seq = Command.make("seq", "1", String(lines))
      const child = yield* Supervise.start(isPiped ? Command.pipeTo(seq, Command.make("cat")) : seq)
      yield* Effect.repeatN(turn, turns)
      const read = Stream.runFold(child.lines, { seen: 0, missed: 0, last: 0 }, ({ last, missed, seen }, item) =>
        item._tag === "Line"
          ? { missed, seen: seen + 1, last: Number(item.text) }
          : { missed: missed + item.dropped, seen, last }
      )
      const all = yield* Effect.replicateEffect(read, readers, { concurrency: "unbounded" })
      for (const { last, missed, seen } of all) expect([seen + missed, last]).toEqual([lines, lines])
    }).pipe(Effect.scoped)
})
