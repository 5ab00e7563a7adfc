import type { FileSystem } from "@effect/platform/FileSystem"
import { describe, expect, it } from "@effect/vitest"
import { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as SessionLogs from "../../src/SessionLogs.js"
import { files, hasProc } from "../support/files.js"

const day = 86_400_000

const ended = { pid: 4711, startToken: "1" }
const unknown = { pid: 4711, startToken: "1", pidNamespace: "elsewhere" }

interface Logs {
  readonly path: string
  readonly log: (name: string, bytes: number, days: number) => void
  readonly mark: (identity: string, content: object | string) => void
}

const inDirectory = <A, E>(body: (logs: Logs) => Effect.Effect<A, E, FileSystem | ProcessIdentity>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-logs-"))),
    (path) =>
      Effect.provide(
        Effect.zipRight(
          TestClock.setTime(Date.now()),
          body({
            path,
            log: (name, bytes, days) => {
              writeFileSync(join(path, name), Buffer.alloc(bytes))
              utimesSync(join(path, name), new Date(Date.now() - days * day), new Date(Date.now() - days * day))
            },
            mark: (identity, content) =>
              writeFileSync(
                join(path, `.${identity}.session`),
                typeof content === "string" ? content : JSON.stringify(content)
              )
          })
        ),
        files
      ),
    (path) => Effect.sync(() => rmSync(path, { recursive: true }))
  )

/** This process, which lives. */
const own = Effect.flatMap(ProcessIdentity, (processes) => Effect.flatten(processes.identify(process.pid)))

describe.skipIf(!hasProc)("the logs of a directory", () => {
  it.effect("are removed when they are old, and then the oldest, until the rest is small enough", () =>
    inDirectory(({ log, mark, path }) =>
      Effect.gen(function* () {
        for (const identity of ["ancient", "old", "new", "two\nlines"]) mark(identity, ended)
        log("ancient.log", 10, 20)
        log("two\nlines.log", 20, 15)
        log("old.log.2", 1000, 5)
        log("old.log.1", 1000, 4)
        log("old.log", 500, 3)
        log("new.log", 800, 1)
        const report = yield* SessionLogs.sweep(path, { maxBytes: 1500 })
        expect(report).toEqual({
          removed: [
            { path: join(path, "ancient.log"), bytes: 10, because: "age" },
            { path: join(path, "two\nlines.log"), bytes: 20, because: "age" },
            { path: join(path, "old.log.2"), bytes: 1000, because: "size" },
            { path: join(path, "old.log.1"), bytes: 1000, because: "size" }
          ],
          kept: 1300,
          over: 0
        })
        // The marker goes with the last log.
        expect(readdirSync(path).sort()).toEqual([".new.session", ".old.session", "new.log", "old.log"])
      })
    )
  )

  it.effect("that no session has written stay, and are not counted", () =>
    inDirectory(({ log, mark, path }) =>
      Effect.gen(function* () {
        mark("it", ended)
        for (const name of [
          "delivery.log",
          "exits.log",
          "exits.log.1",
          "nginx.log",
          "notes.txt",
          "it.logs",
          "it.log.old"
        ])
          log(name, 5000, 30)
        const before = readdirSync(path).filter((name) => !name.startsWith("."))
        expect(yield* SessionLogs.sweep(path, { maxBytes: 0 })).toEqual({ removed: [], kept: 0, over: 0 })
        expect(readdirSync(path)).toEqual(before)
      })
    )
  )

  it.effect("that are in use, or nobody can tell, stay, untouched, and what is too much is told", () =>
    inDirectory(({ log, mark, path }) =>
      Effect.gen(function* () {
        mark("used", yield* own)
        mark("unknown", unknown)
        mark("torn", "{")
        log("used.log", 1000, 20)
        log("used.log.1", 1000, 21)
        log("unknown.log", 100, 20)
        log("torn.log", 10, 20)
        const before = statSync(join(path, "used.log")).mtimeMs
        const report = yield* SessionLogs.sweep(path, { maxBytes: 400 })
        expect(report).toMatchObject({
          kept: 1110,
          over: 710,
          removed: [{ path: join(path, "used.log.1"), bytes: 1000 }]
        })
        expect(statSync(join(path, "used.log")).mtimeMs).toBe(before)
        expect(readdirSync(path).sort()).toEqual([
          ".torn.session",
          ".unknown.session",
          ".used.session",
          "torn.log",
          "unknown.log",
          "used.log"
        ])
      }).pipe(Effect.orDie)
    )
  )

  it.effect("are left alone where other users could mark a file as one", () =>
    inDirectory(({ log, mark, path }) =>
      Effect.gen(function* () {
        mark("old", ended)
        log("old.log", 100, 20)
        chmodSync(path, 0o1777)
        expect(yield* Effect.flip(SessionLogs.sweep(path))).toMatchObject({ _tag: "FileError", reason: "NotPrivate" })
        expect(readdirSync(path)).toContain("old.log")
      })
    )
  )

  it.effect("need a directory that can be read", () =>
    inDirectory(({ path }) =>
      Effect.gen(function* () {
        expect(yield* Effect.flip(SessionLogs.sweep(join(path, "nowhere")))).toMatchObject({
          _tag: "FileError",
          reason: "NotFound"
        })
      })
    )
  )
})
