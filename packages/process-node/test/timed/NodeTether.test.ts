/**
 * How soon all is over under `NodeTether.runMain`. That it is over at all, and with which exit code,
 * `system/NodeTether.test.ts` tells.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Life, type Mortal, mortal, newMark, nothingLeft } from "../support/mortals.js"
import { type Sample, samplesApart, samplesOf, timeOf } from "../support/samples.js"

const polite = { sh: "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done" }
const stubborn = { sh: "trap 'echo asked' TERM; echo ready; while :; do sleep 0.01; done", patience: "10 minutes" }
const escapee = { sh: "setsid sleep 300 & wait" }

const main = (mark: string, life: Omit<Life, "run">) =>
  Effect.tap(mortal(mark, { run: "runMain", ...life }), (host) => host.says("ready"))

/** `first` asks for the stop; `second` is measured from there to the end of everything. */
const secondSignal = (first: NodeJS.Signals, second: NodeJS.Signals, life: Omit<Life, "children"> = {}): Sample =>
  Effect.gen(function* () {
    const mark = newMark()
    const host = yield* main(mark, { children: [stubborn, escapee], ...life })
    return Effect.gen(function* () {
      host.signal(first)
      yield* host.says("asked")
      host.signal(second)
      return yield* timeOf(Effect.zip(nothingLeft(mark), host.end))
    })
  })

/** Measured from the end of the program. */
const afterEnd = (life: Omit<Life, "run">, deed: (host: Mortal) => void): Sample =>
  Effect.gen(function* () {
    const mark = newMark()
    const host = yield* main(mark, life)
    return Effect.suspend(() => {
      deed(host)
      return Effect.zipRight(host.death, timeOf(nothingLeft(mark)))
    })
  })

const signalled = (signal: NodeJS.Signals, churn = 0) =>
  afterEnd({ children: [polite, escapee], churn }, (host) => host.signal(signal))
const failing = (deed: "throw" | "reject", churn = 0) =>
  afterEnd({ children: [polite, escapee], churn, deed }, (host) => host.prompt())
const hanging = afterEnd(
  { children: [stubborn, escapee], deed: "throw", hang: true, options: { stopBound: 200, dumpFile: "/nowhere/dump" } },
  (host) => host.prompt()
)

describe("within a second", () => {
  it.live("of a second signal all is over, although the child ignores TERM", () =>
    Effect.gen(function* () {
      const samples = yield* samplesOf([
        secondSignal("SIGINT", "SIGINT"),
        secondSignal("SIGTERM", "SIGTERM"),
        secondSignal("SIGHUP", "SIGINT"),
        secondSignal("SIGTERM", "SIGQUIT")
      ])
      expect(samples).toHaveMedianWithin(1000)
    })
  )

  it.live("of the end of the program nothing is left, however it was ended", () =>
    Effect.gen(function* () {
      const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const
      const samples = yield* samplesOf([
        ...signals.map((signal) => signalled(signal)),
        failing("throw"),
        failing("reject"),
        hanging
      ])
      expect(samples).toHaveMedianWithin(1000)
    })
  )

  it.live("of the same nothing is left, in the middle of 20 children starting and stopping", () =>
    Effect.gen(function* () {
      const samples = yield* samplesApart([
        signalled("SIGTERM", 20),
        secondSignal("SIGINT", "SIGINT", { churn: 20 }),
        failing("throw", 20),
        failing("reject", 20)
      ])
      expect(samples).toHaveMedianWithin(1000)
    })
  )
})
