/**
 * Deaths of a host under a plain `Effect.runFork`, which handles no signal and no error: no child of it remains.
 * `timed/Deaths.test.ts` measures how soon.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  type Life,
  type Mortal,
  mortal,
  mortalAfterSigint,
  mortalWithTree,
  newMark,
  nothingLeft,
  signals
} from "../support/mortals.js"

const dies = (life: Omit<Life, "children">, deed: (host: Mortal) => void) =>
  Effect.gen(function* () {
    const mark = newMark()
    const host = yield* mortalWithTree(mark, life)
    deed(host)
    yield* host.death
    yield* nothingLeft(mark)
    return { end: yield* host.end, stderr: host.stderr() }
  })

describe.each([
  ["", 0],
  [" in the middle of 20 children starting and stopping", 20]
])("the tree is empty%s", (_, churn) => {
  it.scopedLive.each(signals)("after %s, which ends the host as without Tether", (signal) =>
    Effect.gen(function* () {
      const { end } = yield* dies({ churn }, (host) => host.signal(signal))
      expect(end).toBe(signal)
    })
  )

  it.scopedLive.each([
    ["an uncaught throw", "throw"],
    ["an unhandled rejection", "reject"]
  ] as const)("after %s, which Node reports as without Tether", ([, deed]) =>
    Effect.gen(function* () {
      const { end, stderr } = yield* dies({ churn, deed }, (host) => host.prompt())
      expect(end).toBe(1)
      expect(stderr).toMatch(/Error: boom\n +at /)
    })
  )

  it.scopedLive("after process.exit(0), and the code stays 0", () =>
    Effect.gen(function* () {
      const { end, stderr } = yield* dies({ churn, deed: "exit" }, (host) => host.prompt())
      expect({ end, stderr }).toEqual({ end: 0, stderr: "" })
    })
  )
})

describe("under NodeRuntime.runMain the tree is empty", () => {
  it.scopedLive.each(["SIGHUP", "SIGQUIT"] as const)("after %s, which ends the host as without Tether", (signal) =>
    Effect.gen(function* () {
      const { end } = yield* dies({ run: "NodeRuntime" }, (host) => host.signal(signal))
      expect(end).toBe(signal)
    })
  )

  it.scopedLive("after a second SIGINT, which ends the host as without Tether", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const host = yield* mortalAfterSigint(mark)
      host.signal("SIGINT")
      yield* host.death
      yield* nothingLeft(mark)
      expect(yield* host.end).toBe("SIGINT")
    })
  )
})

describe("process.exit()", () => {
  it.scopedLive("asks children before it kills them", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const sh = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done"
      // Nobody reads for a host that is ending: the child writes where the host does.
      const host = yield* mortal(mark, { children: [{ sh, options: { stdout: "inherit" } }], deed: "exit" })
      yield* host.says("ready")
      host.prompt()
      expect(yield* host.end).toBe(0)
      expect(host.stdout()).toContain("bye\n")
      yield* nothingLeft(mark)
    })
  )
})
