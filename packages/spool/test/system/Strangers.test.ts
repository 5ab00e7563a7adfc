/**
 * Sockets and directories at which another user is, or can put something.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { existsSync, readdirSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import * as SpoolDaemon from "../../src/SpoolDaemon.js"
import { folder, host, make, numbers, quiet, Taker } from "../support/spools.js"

const isRoot = process.geteuid?.() === 0
if (!isRoot) console.log("skipped: what belongs to another user, because only root can make it")

describe("under any umask", () => {
  it.scopedLive.each([0o777, 0o277, 0o077, 0])("a spool and its socket are for their user alone: %o", (umask) =>
    Effect.gen(function* () {
      const base = yield* folder
      yield* Effect.acquireRelease(
        Effect.sync(() => process.umask(umask)),
        (before) => Effect.sync(() => process.umask(before))
      )
      const spool = yield* make(join(base, "var/spool"))
      const file = yield* spool.put([{ n: 1 }])
      const socket = join(base, "run/d.sock")
      const claims = { mode: 0 }
      const handler = new Taker()
      handler.fails = () => {
        const [own = ""] = readdirSync(join(spool.directory, "claims")).filter((name) => !name.includes("."))
        claims.mode = statSync(join(spool.directory, "claims", own)).mode & 0o777
        return true
      }
      yield* spool.drain(handler.handle)
      yield* Layer.build(SpoolDaemon.layer({ spool, socket, handler: new Taker().handle, drainEvery: "1 hour" }))
      const modeOf = (path: string) => statSync(path).mode & 0o777
      for (const path of ["var", "var/spool", "var/spool/state", "var/spool/claims", "var/spool/dead", "run"])
        expect([path, modeOf(join(base, path))]).toEqual([path, 0o700])
      expect([modeOf(socket), claims.mode]).toEqual([0o600, 0o700])
      if (existsSync(file)) expect(modeOf(file)).toBe(0o600)
    }).pipe(Effect.provide(Layer.merge(host, quiet)))
  )

  it.scoped("a look at a spool takes no permissions from what it makes", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(directory)
      yield* spool.put(numbers(1), { name: "a" })
      rmSync(join(directory, "claims"), { recursive: true, force: true })
      yield* Effect.acquireRelease(
        Effect.sync(() => process.umask(0o777)),
        (before) => Effect.sync(() => process.umask(before))
      )
      expect(yield* spool.doctor).toEqual([])
      expect(statSync(join(directory, "claims")).mode & 0o777).toBe(0o700)
    }).pipe(Effect.provide(host))
  )
})
