/**
 * The shim in real panes.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { missing, server } from "./support/shimPane.js"

if (missing !== undefined) console.warn(`Skipped: the shim of a pane: ${missing}`)

describe.skipIf(missing !== undefined)("ends as its program", () => {
  it.scopedLive.each([
    ["exit 3", "3/"],
    ["exit 137", "137/"],
    ["exit 0", "0/"],
    ["kill -SEGV $$", "/11"],
    ["kill -KILL $$", "/9"],
    ["kill -ABRT $$", "/6"],
    ["kill -BUS $$", "/7"],
    ["kill -PIPE $$", "/13"],
    ["kill -TERM $$", "/15"],
    ["kill -INT $$", "/2"],
    ["kill -HUP $$", "/1"],
    ["kill -USR1 $$", "/10"],
    ["kill -QUIT $$", "/3"]
  ])("sh -c %s", ([script, end]) =>
    Effect.gen(function*() {
      const { open } = yield* server
      const pane = yield* open(["sh", "-c", script])
      expect(yield* pane.end).toBe(end)
    }))
})
