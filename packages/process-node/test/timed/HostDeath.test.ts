/**
 * How soon nothing of a host's children is left after `kill -9` of the host. That nothing is left at all,
 * `system/HostDeath.test.ts` tells.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { keeper, type Kept, kill, reaperOf, treeOf } from "../support/hosts.js"
import { newMark, nothingLeft } from "../support/mortals.js"
import { isAlive, marked, waitUntil } from "../support/os.js"
import { type Sample, samplesApart, samplesOf, timeOf } from "../support/samples.js"
import { threeNested, trees, twentyTrees } from "../support/trees.js"

const fromKillOf = (host: number, isOver: Effect.Effect<void>) =>
  timeOf(
    Effect.suspend(() => {
      kill(host)
      return isOver
    })
  )

const reaperGone = (host: number) => waitUntil("the reaper is gone", () => treeOf(host).length === 0)

const keeping = (children: ReadonlyArray<Kept>): Sample =>
  Effect.suspend(() => {
    const mark = newMark()
    return Effect.map(keeper(mark, children), ({ pid }) =>
      fromKillOf(pid, Effect.zipRight(nothingLeft(mark), reaperGone(pid)))
    )
  })

const withoutReaper: Sample = Effect.gen(function* () {
  const mark = newMark()
  const { pid } = yield* keeper(mark, [{ sh: "setsid sleep 300 & sleep 300" }])
  const first = reaperOf(pid) as number
  kill(first)
  yield* waitUntil("a new reaper is there", () => ![undefined, first].includes(reaperOf(pid)))
  return fromKillOf(pid, nothingLeft(mark))
})

const stopping: Sample = Effect.gen(function* () {
  const mark = newMark()
  const script = "env -i TEST_MARK=$TEST_MARK sh -c 'trap \"\" TERM; sleep 300; sleep 300' & exit 0"
  const host = yield* keeper(mark, [{ sh: script }])
  yield* waitUntil("it stops what its leader has left", () => host.output().includes("leftovers"))
  return fromKillOf(host.pid, nothingLeft(mark))
})

const leavingOneAlone: Sample = Effect.gen(function* () {
  const mark = newMark()
  const { pid } = yield* keeper(mark, [
    { program: "sleep", args: ["300"], options: { containment: "none" } },
    { program: "sleep", args: ["301"] }
  ])
  return fromKillOf(
    pid,
    waitUntil("the other is gone", () => marked(mark).length === 1)
  )
})

const nested = (victim: number): Sample =>
  Effect.gen(function* () {
    const host = (yield* threeNested(newMark()))[victim] as number
    const below = treeOf(host)
    return fromKillOf(
      host,
      waitUntil("nothing below is left", () => below.every((pid) => !isAlive(pid)))
    )
  })

describe("within a second of kill -9 of the host, nothing is left", () => {
  it.live("of any kind of tree", () =>
    Effect.gen(function* () {
      const samples = yield* samplesOf(Object.values(trees).map((tree) => keeping([tree])))
      expect(samples).toHaveMedianWithin(1000)
    })
  )

  it.live("of 20 trees", () =>
    Effect.gen(function* () {
      const twenty = keeping(twentyTrees)
      expect(yield* samplesApart([twenty, twenty, twenty])).toHaveMedianWithin(1000)
    })
  )

  it.live("when its reaper was killed before, in the middle of a stop, and beside a child at level none", () =>
    Effect.gen(function* () {
      expect(yield* samplesOf([withoutReaper, stopping, leavingOneAlone])).toHaveMedianWithin(1000)
    })
  )

  it.live("below it, where three are nested in one another", () =>
    Effect.gen(function* () {
      expect(yield* samplesOf([nested(0), nested(1), nested(2)])).toHaveMedianWithin(1000)
    })
  )
})
