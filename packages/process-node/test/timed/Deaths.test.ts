/**
 * How soon no child of a host remains after the host's death under a plain `Effect.runFork`. `system/Deaths.test.ts`
 * proves that none remains at all.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  deeds,
  type Life,
  type Mortal,
  mortalAfterSigint,
  mortalWithTree,
  newMark,
  nothingLeft,
  signals
} from "../support/mortals.js"
import { type Sample, samplesApart, samplesOf, timeOf } from "../support/samples.js"

const afterDeath = (mark: string, host: Mortal) => Effect.zipRight(host.death, timeOf(nothingLeft(mark)))

const dies = (life: Omit<Life, "children">, deed: (host: Mortal) => void): Sample =>
  Effect.suspend(() => {
    const mark = newMark()
    return Effect.map(mortalWithTree(mark, life), (host) =>
      Effect.suspend(() => {
        deed(host)
        return afterDeath(mark, host)
      })
    )
  })

const bySignals = (signals: ReadonlyArray<NodeJS.Signals>, life: Omit<Life, "children">) =>
  signals.map((signal) => dies(life, (host) => host.signal(signal)))

const inEveryWay = (life: Omit<Life, "children">) => [
  ...bySignals(signals, life),
  ...deeds.map((deed) => dies({ ...life, deed }, (host) => host.prompt()))
]

const bySecondSigint: Sample = Effect.gen(function* () {
  const mark = newMark()
  const host = yield* mortalAfterSigint(mark)
  return Effect.suspend(() => {
    host.signal("SIGINT")
    return afterDeath(mark, host)
  })
})

describe("the tree is empty within a second of the host's death", () => {
  it.live("by any signal, an uncaught throw, an unhandled rejection, and process.exit", () =>
    Effect.gen(function* () {
      expect(yield* samplesOf(inEveryWay({}))).toHaveMedianWithin(1000)
    })
  )

  it.live("by the same in the middle of 20 children starting and stopping", () =>
    Effect.gen(function* () {
      expect(yield* samplesApart(inEveryWay({ churn: 20 }))).toHaveMedianWithin(1000)
    })
  )

  it.live("under NodeRuntime.runMain", () =>
    Effect.gen(function* () {
      const samples = [...bySignals(["SIGHUP", "SIGQUIT"], { run: "NodeRuntime" }), bySecondSigint]
      expect(yield* samplesOf(samples)).toHaveMedianWithin(1000)
    })
  )
})
