import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as SessionLogs from "../../src/SessionLogs.js"
import { eventually, inPlace, whyNot } from "../support/sessions.js"

describe.skipIf(whyNot !== undefined)("the logs of a directory", () => {
  it.live("are known by the marker of the launch, as long as the session lives and after that", () =>
    inPlace(({ log, logDir, shell }) =>
      Effect.gen(function* () {
        const session = yield* shell("echo hello; sleep 60")
        yield* eventually("it runs", () => log().includes("hello"))
        expect(statSync(join(logDir, ".it.session")).mode & 0o777).toBe(0o600)
        expect(yield* SessionLogs.sweep(logDir, { maxBytes: 0 })).toMatchObject({ removed: [], over: 7 })
        yield* session.stop()
        expect(yield* SessionLogs.sweep(logDir, { maxBytes: 0 })).toMatchObject({
          removed: [{ path: join(logDir, "it.log") }],
          over: 0
        })
        expect(readdirSync(logDir)).toEqual([])
      })
    )
  )

  it.live("stay with a pipe as their marker: it would be waited for", () =>
    inPlace(({ logDir }) =>
      Effect.gen(function* () {
        mkdirSync(logDir, { mode: 0o700 })
        execFileSync("mkfifo", [join(logDir, ".piped.session")])
        writeFileSync(join(logDir, "piped.log"), "x".repeat(100))
        utimesSync(join(logDir, "piped.log"), 1000, 1000)
        expect(yield* SessionLogs.sweep(logDir)).toMatchObject({ kept: 100, removed: [] })
      })
    )
  )
})
