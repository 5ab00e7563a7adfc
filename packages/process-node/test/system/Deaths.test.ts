/**
 * The host dies under a plain `Effect.runFork`: nobody handles signals or errors, and within a second nothing of its
 * children is left.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Life, type Mortal, mortal, newMark, nothingLeft } from "../support/mortals.js"
import { marked, waitUntil } from "../support/os.js"

const tree: Life["children"] = [
  { sh: "sleep 60" },
  { sh: "trap '' TERM; sleep 60; sleep 60" },
  { sh: "setsid sh -c 'sleep 60 & sleep 60' & wait" }
]
const processes = 1 + 1 + 2 + 4

const dies = (life: Omit<Life, "children">, deed: (host: Mortal) => void) =>
  Effect.gen(function* () {
    const mark = newMark()
    const host = yield* mortal(mark, { children: tree, ...life })
    yield* waitUntil("the tree is there", () => marked(mark).length >= processes)
    deed(host)
    yield* host.death
    yield* nothingLeft(mark)
    return { end: yield* host.end, stderr: host.stderr() }
  })

describe.each([
  ["", 0],
  [" in the middle of 20 children starting and stopping", 20]
])("the tree is empty%s", (_, churn) => {
  it.scopedLive.each(["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGKILL"] as const)(
    "within a second of %s, of which the host dies as ever",
    (signal) =>
      Effect.gen(function* () {
        const { end } = yield* dies({ churn }, (host) => host.signal(signal))
        expect(end).toBe(signal)
      })
  )

  it.scopedLive.each([
    ["an uncaught throw", "throw"],
    ["an unhandled rejection", "reject"]
  ] as const)("within a second of %s, which Node reports as ever", ([, deed]) =>
    Effect.gen(function* () {
      const { end, stderr } = yield* dies({ churn, deed }, (host) => host.prompt())
      expect(end).toBe(1)
      expect(stderr).toMatch(/Error: boom\n +at /)
    })
  )

  it.scopedLive("within a second of process.exit(0), and the code stays 0", () =>
    Effect.gen(function* () {
      const { end, stderr } = yield* dies({ churn, deed: "exit" }, (host) => host.prompt())
      expect({ end, stderr }).toEqual({ end: 0, stderr: "" })
    })
  )
})

describe("under NodeRuntime.runMain the tree is empty", () => {
  it.scopedLive.each(["SIGHUP", "SIGQUIT"] as const)(
    "within a second of %s, of which the host dies as ever",
    (signal) =>
      Effect.gen(function* () {
        const { end } = yield* dies({ run: "NodeRuntime" }, (host) => host.signal(signal))
        expect(end).toBe(signal)
      })
  )

  it.scopedLive("within a second of a second SIGINT, of which the host dies as ever", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const sh = "trap 'echo asked' TERM; echo ready; while :; do sleep 0.01; done"
      const host = yield* mortal(mark, { run: "NodeRuntime", children: [...tree, { sh }] })
      yield* host.says("ready")
      host.signal("SIGINT")
      yield* host.says("asked")
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
