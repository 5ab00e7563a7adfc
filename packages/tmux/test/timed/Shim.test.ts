/**
 * How soon the hook of a pane has run. That it runs at every death, `system/Shim.test.ts` tells.
 */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { missing, openHooked, server } from "../support/shimPane.js"
import { waitUntil } from "../support/wait.js"

if (missing !== undefined) console.warn(`Skipped: the hook of a pane: ${missing}`)

it.scopedLive.skipIf(missing !== undefined)("the hook of a pane runs within a second of the death", () =>
  Effect.gen(function* () {
    const all = yield* server
    const samples = yield* Effect.forEach([0, 1, 2, 3, 4], (index) =>
      Effect.gen(function* () {
        const log = join(all.directory, `hook${index}`)
        const { child } = yield* openHooked(all, log, index)
        const killed = Date.now()
        process.kill(child, "SIGTERM")
        yield* waitUntil(
          Effect.sync(() => existsSync(log) && statSync(log).size > 0),
          `the hook of pane ${index}`
        )
        // When it has written, and not when this test has seen that.
        return statSync(log).mtimeMs - killed
      })
    )
    expect(samples).toHaveMedianWithin(1000)
  })
)
