/**
 * kill -9 of whoever writes a journal.
 */
import { describe, expect, it } from "@effect/vitest"
import { waitUntil } from "@tether/vitest/WaitUntil"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { all, folder, inFile, pairsOf, quiet } from "../support/journal.js"

const program = join(import.meta.dirname, "../../node_modules/.programs/churning.mjs")
/** Lives for a while after its first word, and is killed. */
const lifeOf = (directory: string, maxBytes: number) =>
  Effect.promise(async () => {
    const child = spawn(process.execPath, [program, directory, String(maxBytes)], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    await once(child.stdout, "data")
    setTimeout(() => child.kill("SIGKILL"), 200 + Math.random() * 200)
    await once(child, "exit")
  })

const recordsOf = (directory: string) => all.pipe(Effect.provide(inFile(directory)), Effect.provide(quiet))

describe("every start has one end", () => {
  it.scopedLive.each([5 * 1024 * 1024, 4000])("after any number of kills, with files of %d bytes", (maxBytes) =>
    Effect.gen(function* () {
      const directory = yield* folder
      const life = lifeOf(directory, maxBytes)
      yield* Effect.repeatN(life, 2)
      // How much is done in a life depends on how busy the machine is.
      yield* Effect.repeat(life, {
        until: () => Effect.map(recordsOf(directory), (records) => pairsOf(records).starts.length > 8)
      })
      // The last children are ended by the reaper, which has a moment for it.
      yield* waitUntil(
        Effect.map(recordsOf(directory), (records) => {
          const { ends, starts } = pairsOf(records)
          expect(ends).toEqual(starts)
          expect(records.some((record) => record.reason === "supervisor-died")).toBe(true)
          return true
        }),
        "1 minute"
      )
    })
  )
})
