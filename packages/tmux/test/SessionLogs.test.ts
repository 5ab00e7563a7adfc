import { describe, expect, it } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as SessionLogs from "../src/SessionLogs.js"

const day = 86_400_000

const inDirectory = <A, E>(body: (path: string, log: (name: string, bytes: number, days: number) => void) => Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-logs-"))),
    (path) =>
      body(path, (name, bytes, days) => {
        writeFileSync(join(path, name), Buffer.alloc(bytes))
        utimesSync(join(path, name), new Date(Date.now() - days * day), new Date(Date.now() - days * day))
      }),
    (path) => Effect.sync(() => rmSync(path, { recursive: true }))
  )

describe("the logs of a directory", () => {
  it.live("are removed when they are old, and then the oldest, until the rest is small enough", () =>
    inDirectory((path, log) =>
      Effect.gen(function*() {
        log("ancient.log", 10, 20)
        log("old.log.2", 1000, 5)
        log("old.log.1", 1000, 4)
        log("old.log", 500, 3)
        log("new.log", 800, 1)
        log("delivery.log", 5000, 30)
        log("notes.txt", 5000, 30)
        const report = yield* SessionLogs.sweep(path, { maxBytes: 1500 })
        expect(report).toEqual({
          removed: [
            { path: join(path, "ancient.log"), bytes: 10, because: "age" },
            { path: join(path, "old.log.2"), bytes: 1000, because: "size" },
            { path: join(path, "old.log.1"), bytes: 1000, because: "size" }
          ],
          kept: 1300,
          over: 0
        })
        expect(readdirSync(path).sort()).toEqual(["delivery.log", "new.log", "notes.txt", "old.log"])
      }).pipe(Effect.provide(NodeFileSystem.layer))
    ))

  it.live("that are in use stay, untouched, and what is too much is told", () =>
    inDirectory((path, log) =>
      Effect.gen(function*() {
        log("used.log", 1000, 20)
        log("used.log.1", 1000, 21)
        const before = statSync(join(path, "used.log")).mtimeMs
        const report = yield* SessionLogs.sweep(path, { maxBytes: 400 }, Effect.succeed(new Set([join(path, "used.log")])))
        expect(report).toMatchObject({ kept: 1000, over: 600, removed: [{ bytes: 1000 }] })
        expect(statSync(join(path, "used.log")).mtimeMs).toBe(before)
      }).pipe(Effect.provide(NodeFileSystem.layer))
    ))

  it.live("within their budget are not asked about", () =>
    inDirectory((path, log) =>
      Effect.gen(function*() {
        log("a.log", 10, 1)
        expect(yield* SessionLogs.sweep(path, {}, Effect.die("asked"))).toEqual({ removed: [], kept: 10, over: 0 })
        expect(yield* Effect.flip(SessionLogs.sweep(join(path, "nowhere")))).toMatchObject({ _tag: "FileError", reason: "NotFound" })
      }).pipe(Effect.provide(NodeFileSystem.layer))
    ))
})
