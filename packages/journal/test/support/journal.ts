/**
 * Journals for tests.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as ExitJournal from "@tether/journal/ExitJournal"
import type { ExitRecord } from "@tether/journal/ExitRecord"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const host = Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)

export const quiet = Logger.replace(Logger.defaultLogger, Logger.none)

export const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-journal-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

export const inFile = (directory: string, options: Partial<ExitJournal.FileOptions> = {}) =>
  Layer.provide(ExitJournal.layerFile({ directory, ...options }), host)

export const all = Effect.flatMap(ExitJournal.ExitJournal, (journal) => Stream.runCollect(journal.records())).pipe(
  Effect.map((records): ReadonlyArray<ExitRecord> => [...records])
)

/** All lines that are in the files of a journal, blank ones left out. */
export const linesIn = (directory: string): ReadonlyArray<string> =>
  readdirSync(directory)
    .filter((name) => /^exits\.log(\.\d+)?$/.test(name))
    .flatMap((name) => readFileSync(join(directory, name), "utf8").split("\n"))
    .filter((line) => line.trim() !== "")

/** Of each start that is on record, and of each end, the id of the start. */
export const pairsOf = (records: ReadonlyArray<ExitRecord>) => ({
  starts: records
    .filter(({ ev }) => ev === "session-start")
    .map(({ id }) => id)
    .toSorted(),
  ends: records
    .filter(({ ev }) => ev === "session-exit")
    .map(({ start }) => start)
    .toSorted()
})
