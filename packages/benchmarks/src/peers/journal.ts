/**
 * An exit journal, and the same by hand.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Command from "@effect/platform/Command"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as NodeProcessIdentity from "@tether/process-node/NodeProcessIdentity"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { createReadStream } from "node:fs"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Peer } from "../Row.js"
import { spawnsSeen } from "./counting.js"
import { inFolder } from "./folder.js"

const host = Layer.provideMerge(NodeProcessIdentity.layer, NodeFileSystem.layer)
const journalIn = (directory: string) => Layer.provide(ExitJournal.layerFile({ directory }), host)

/** The journal is open before the first spawn and closed after the last, as that of a program that runs for long. */
export const spawn: Peer = ({ spawns }) =>
  inFolder((folder) =>
    Effect.gen(function* () {
      const begun = performance.now()
      yield* Effect.repeatN(Supervise.run(Command.make("/bin/true")), spawns - 1)
      return { ...spawnsSeen(spawns), millis: performance.now() - begun }
    }).pipe(Effect.provide(journalIn(folder)), Effect.provide(NodeChildSpawner.layer), Effect.runPromise)
  )

const draft = (pid: number): ExitJournal.Draft => ({
  ev: "session-exit",
  identity: "night-build",
  start: "01M88FZG2T97SQNWFGMB06MJFX",
  pid,
  startToken: "2605888",
  bootId: "3cf0c2e0-920c-4562-aaa3-41a7c3c9947a",
  command: "make all",
  deadStatus: 2,
  endedBy: "child",
  uptime: 1234,
  lastLines: "main.c:3: error: expected ';'\nmake: *** [all] Error 1\n"
})

const appended = (records: number) =>
  Effect.flatMap(ExitJournal.ExitJournal, (journal) => {
    let pid = 0
    return Effect.repeatN(
      Effect.suspend(() => journal.append(draft(++pid))),
      records - 1
    )
  })

export const append: Peer = ({ records }) =>
  inFolder((folder) =>
    Effect.gen(function* () {
      const begun = performance.now()
      yield* appended(records)
      return { ...spawnsSeen(records), millis: performance.now() - begun }
    }).pipe(Effect.provide(journalIn(folder)), Effect.runPromise)
  )

export const nodeAppend: Peer = ({ records }) =>
  inFolder(async (folder) => {
    const file = await open(join(folder, "exits.log"), "a")
    const begun = performance.now()
    for (let pid = 1; pid <= records; pid++)
      await file.appendFile(`${JSON.stringify({ ts: Date.now(), ...draft(pid) })}\n`)
    const millis = performance.now() - begun
    await file.close()
    return { ...spawnsSeen(records), millis }
  })

export const read: Peer = ({ records }) =>
  inFolder((folder) =>
    Effect.gen(function* () {
      yield* appended(records)
      const journal = yield* ExitJournal.ExitJournal
      const begun = performance.now()
      const seen = yield* Stream.runCount(journal.records({ identity: "night-build" }))
      return { ...spawnsSeen(seen), millis: performance.now() - begun }
    }).pipe(Effect.provide(journalIn(folder)), Effect.runPromise)
  )

export const nodeRead: Peer = ({ records }) =>
  inFolder(async (folder) => {
    const path = join(folder, "exits.log")
    const file = await open(path, "a")
    const lines = Array.from(
      { length: records },
      (_, index) => `${JSON.stringify({ ts: Date.now(), ...draft(index + 1) })}\n`
    )
    await file.appendFile(lines.join(""))
    await file.close()
    const begun = performance.now()
    let seen = 0
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      if ((JSON.parse(line) as ExitJournal.Draft).identity === "night-build") seen++
    }
    return { ...spawnsSeen(seen), millis: performance.now() - begun }
  })
