/**
 * Where captures go by default.
 */
import { describe, expect, it } from "@effect/vitest"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as FaultyDisk from "@tether/vitest/FaultyDisk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Captures from "../../src/Captures.js"
import * as DaemonClient from "../../src/DaemonClient.js"
import { eventOf, headerOf } from "../../src/internal/captureLine.js"
import * as SpoolDaemon from "../../src/SpoolDaemon.js"
import { filesIn, folder, host, quiet } from "../support/spools.js"

const stateIn = (directory: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      process.env["TETHER_STATE_DIR"] = directory
    }),
    () => Effect.sync(() => delete process.env["TETHER_STATE_DIR"])
  )

const lines = Array.from({ length: 200 }, (_, index) =>
  JSON.stringify(
    eventOf("s", { identity: undefined, number: index + 1, role: "user", text: `turn ${index}`, at: 0 }, 0)
  )
)

/** A daemon with the default handler, on a disk that can be watched, and what a client is answered. */
const handedOver = (directory: string, before: FaultyDisk.Before, times = 1) =>
  Effect.gen(function* () {
    yield* stateIn(directory)
    const socket = join(directory, "daemon.sock")
    yield* Layer.build(SpoolDaemon.layer({ spool: yield* Captures.deferred, handler: yield* Captures.toFiles, socket }))
    const client = yield* DaemonClient.make(socket)
    return yield* Effect.replicateEffect(client.put({ ...headerOf("s", "/", 0) }, lines), times)
  }).pipe(Effect.provide(Layer.provideMerge(ProcessIdentity.layer, FaultyDisk.layer(before))), Effect.provide(quiet))

describe("captures", () => {
  it.scoped("are taken from a file whose session id is nested too deeply to be written again", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      yield* stateIn(directory)
      const deferrals = join(directory, "deferred-captures")
      mkdirSync(deferrals, { mode: 0o700 })
      const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`
      writeFileSync(join(deferrals, "deep.jsonl"), `{"version":1,"session_id":${deep}}\n${lines[0]}\n`)
      const spool = yield* Captures.deferred
      expect(yield* spool.drain(yield* Captures.toFiles)).toMatchObject({ inserted: 1, failed: 0 })
      expect(JSON.parse(readFileSync(join(directory, "captures/unknown.jsonl"), "utf8"))).toMatchObject({
        text: "turn 0"
      })
    }).pipe(Effect.provide(host), Effect.provide(quiet))
  )

  it.scoped("keep the marks of sessions that have ended without a word for some days", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      yield* stateIn(directory)
      const deferrals = join(directory, "deferred-captures")
      mkdirSync(deferrals, { mode: 0o700 })
      for (const name of ["old.live.mark", "new.live.mark", "old.jsonl"]) writeFileSync(join(deferrals, name), "1 1 00")
      const old = Date.now() / 1000 - 8 * 24 * 3600
      for (const name of ["old.live.mark", "old.jsonl"]) utimesSync(join(deferrals, name), old, old)
      yield* TestClock.setTime(Date.now())
      yield* Captures.deferred
      expect(filesIn(deferrals)).toEqual(["new.live.mark", "old.jsonl"])
    }).pipe(Effect.provide(host))
  )

  it.scoped("that are handed over at once cost one append and one sync, and are known the next time", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const counts = { write: 0, sync: 0 }
      const isOfCaptures = (path: string) => path.endsWith("captures/s.jsonl")
      const [first, second] = yield* handedOver(
        directory,
        (operation, path) => {
          if (isOfCaptures(path) && (operation === "write" || operation === "sync")) counts[operation]++
        },
        2
      )
      expect(first).toEqual({ inserted: 200, reinforced: 0, skipped: 0, failed: 0 })
      expect(second).toEqual({ inserted: 0, reinforced: 200, skipped: 0, failed: 0 })
      expect(counts).toEqual({ write: 1, sync: 1 })
      expect(readFileSync(join(directory, "captures/s.jsonl"), "utf8").trimEnd().split("\n")).toHaveLength(200)
    })
  )

  it.scoped("are not said to be taken where the disk has no room for them", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const isFull: FaultyDisk.Before = (operation, path) =>
        operation === "write" && path.endsWith("captures/s.jsonl") ? FaultyDisk.fail("ENOSPC") : undefined
      expect(yield* handedOver(directory, isFull)).toEqual([{ inserted: 0, reinforced: 0, skipped: 0, failed: 200 }])
    })
  )

  it.scoped("are on the disk by the name of their file, too", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const synced: Array<string> = []
      yield* handedOver(directory, (operation, path) => void (operation === "sync" && synced.push(path)))
      expect(synced.slice(synced.lastIndexOf(join(directory, "captures/s.jsonl")))).toContain(
        join(directory, "captures")
      )
    })
  )
})
