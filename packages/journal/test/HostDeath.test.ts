/**
 * kill -9 of whoever writes a journal.
 */
import { describe, expect, it } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as ExitJournal from "@tether/journal/ExitJournal"
import type { ExitRecord } from "@tether/journal/ExitRecord"
import { waitUntil } from "@tether/vitest/WaitUntil"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const program = join(import.meta.dirname, "programs/churning.mjs")
const host = Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)
const quiet = Logger.replace(Logger.defaultLogger, Logger.none)

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-journal-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** Lives for so long after its first word, and is killed. */
const lifeOf = (directory: string, maxBytes: number, millis: number) =>
  Effect.promise(async () => {
    const child = spawn(process.execPath, [program, directory, String(maxBytes)], { stdio: ["ignore", "pipe", "inherit"] })
    await once(child.stdout, "data")
    setTimeout(() => child.kill("SIGKILL"), millis)
    await once(child, "exit")
  })

const recordsOf = (directory: string) =>
  Effect.flatMap(ExitJournal.ExitJournal, (journal) => Stream.runCollect(journal.records())).pipe(
    Effect.map((records): ReadonlyArray<ExitRecord> => [...records]),
    Effect.provide(Layer.provide(ExitJournal.layerFile({ directory }), host)),
    Effect.provide(quiet)
  )

describe("every start has one end", () => {
  it.scopedLive.each([5 * 1024 * 1024, 4000])("after any number of kills, with files of %d bytes", (maxBytes) =>
    Effect.gen(function*() {
      const directory = yield* folder
      for (let life = 0; life < 3; life++) yield* lifeOf(directory, maxBytes, 200 + Math.random() * 200)
      // The last children are ended by the reaper, which has a moment for it.
      yield* waitUntil(Effect.map(recordsOf(directory), (records) => {
        const starts = records.filter((record) => record.ev === "session-start").map((record) => record.id)
        const ends = records.filter((record) => record.ev === "session-exit")
        expect(starts.length).toBeGreaterThan(8)
        expect(ends.map((record) => record.start).toSorted()).toEqual(starts.toSorted())
        expect(ends.some((record) => record.reason === "supervisor-died")).toBe(true)
        return true
      }))
    }))
})
