/**
 * Sockets and directories at which another user is, or can put something.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:net"
import { join } from "node:path"
import * as Capture from "../../src/Capture.js"
import * as DaemonClient from "../../src/DaemonClient.js"
import { appendLines } from "../../src/internal/appendLines.js"
import * as SpoolDaemon from "../../src/SpoolDaemon.js"
import { folder, host, logged, make, quiet, Taker } from "../support/spools.js"

const isRoot = process.geteuid?.() === 0
if (!isRoot) console.log("skipped: what belongs to another user, because only root can make it")

const stranger = 12_345

/** As `/tmp` is. */
const sticky = Effect.map(folder, (base) => {
  const path = join(base, "shared")
  mkdirSync(path)
  chmodSync(path, 0o1777)
  return path
})

/** A server of another user, which takes whatever it is given, and answers as a daemon does. */
const strangersServer = (path: string) =>
  Effect.acquireRelease(
    Effect.async<{ readonly server: Server; readonly got: Array<string> }>((resume) => {
      const got: Array<string> = []
      const server = createServer((socket) => {
        got.push("connected")
        socket.on("error", () => undefined).on("data", (bytes) => got.push(String(bytes)))
        socket.write(`{"v":1,"id":1,"ok":true,"inserted":1,"reinforced":0,"skipped":0,"failed":0}\n`)
      })
      server.listen(path, () => {
        chownSync(path, stranger, stranger)
        chmodSync(path, 0o666)
        resume(Effect.succeed({ server, got }))
      })
    }),
    ({ server }) => Effect.sync(() => server.close())
  )

const whose = `it belongs to user ${stranger}, must belong to the current user or root`

describe.skipIf(!isRoot)("a socket that another user has bound first", () => {
  it.scoped("is given nothing by a capture, which is deferred, with one warning", () => {
    const { layer, messages } = logged()
    return Effect.gen(function* () {
      const socket = join(yield* sticky, "d.sock")
      const { got } = yield* strangersServer(socket)
      const state = yield* folder
      const transcript = join(state, "t.jsonl")
      writeFileSync(transcript, `{"type":"user","message":{"role":"user","content":"my private words"}}\n`)
      const before = process.env["TETHER_STATE_DIR"]
      process.env["TETHER_STATE_DIR"] = join(state, "st")
      const captured = Capture.transcript({ transcript, sessionId: "s", socket })
      const outcomes = yield* Effect.all([captured, captured]).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            if (before === undefined) delete process.env["TETHER_STATE_DIR"]
            else process.env["TETHER_STATE_DIR"] = before
          })
        )
      )
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ status: "deferred", events: 1, because: `no daemon listens: ${whose}` })
      expect(readdirSync(join(state, "st/deferred-captures"))).toHaveLength(2)
      expect(messages).toEqual([`WARN ignoring socket ${socket}: ${whose}`])
      expect(got).toEqual([])
    }).pipe(Effect.provide(Layer.merge(host, layer)))
  })

  it.scoped("is no daemon for a client", () =>
    Effect.gen(function* () {
      const socket = join(yield* sticky, "d.sock")
      const { got } = yield* strangersServer(socket)
      const client = yield* DaemonClient.make(socket)
      for (const asked of [client.put({ version: 1 }, [`"x"`]), client.ping])
        expect((yield* Effect.flip(asked)).message).toContain(whose)
      expect(got).toEqual([])
    }).pipe(Effect.provide(quiet))
  )

  it.scoped("is not taken over by a daemon, which says whose it is", () =>
    Effect.gen(function* () {
      const socket = join(yield* sticky, "d.sock")
      const { got } = yield* strangersServer(socket)
      const spool = yield* make(join(yield* folder, "spool"))
      const error = yield* Effect.flip(Layer.build(SpoolDaemon.layer({ spool, socket, handler: new Taker().handle })))
      expect(error).toMatchObject({ _tag: "FileError", reason: "NotPrivate" })
      expect(error.message).toBe(`cannot listen at "${socket}": ${whose}`)
      expect(got).toEqual([])
    }).pipe(Effect.provide(Layer.merge(host, quiet)))
  )
})

describe("a directory that others can write to", () => {
  it.scoped("is refused by a daemon, unless it is sticky", () =>
    Effect.gen(function* () {
      const shared = yield* sticky
      const spool = yield* make(join(yield* folder, "spool"))
      const listening = (socket: string) =>
        Effect.scoped(Layer.build(SpoolDaemon.layer({ spool, socket, handler: new Taker().handle })))
      yield* listening(join(shared, "d.sock"))
      chmodSync(shared, 0o777)
      const error = yield* Effect.flip(listening(join(shared, "d.sock")))
      expect(error).toMatchObject({ _tag: "FileError", reason: "NotPrivate" })
      expect(error.message).toContain(`other users can write to "${shared}"`)
      expect(error.message).toContain("chmod go-w")
      expect((yield* Effect.flip(listening(join(shared, "run/d.sock"))))._tag).toBe("FileError")
      expect(readdirSync(shared)).toEqual([])
    }).pipe(Effect.provide(Layer.merge(host, quiet)))
  )

  it.scoped("is no spool, sticky or not: what others put there would be drained", () =>
    Effect.gen(function* () {
      const shared = yield* sticky
      for (const mode of [0o1777, 0o777]) {
        chmodSync(shared, mode)
        expect(yield* Effect.flip(make(shared))).toMatchObject({ _tag: "FileError", reason: "NotPrivate" })
      }
      expect(readdirSync(shared)).toEqual([])
    }).pipe(Effect.provide(host))
  )
})

describe("a file of sessions", () => {
  it.scoped("is not written through a link", () =>
    Effect.gen(function* () {
      const base = yield* folder
      symlinkSync(join(base, "victim"), join(base, "file"))
      const error = yield* Effect.flip(appendLines(join(base, "file"), ["x"]))
      expect(error).toMatchObject({ reason: "Invalid", problem: "it is a symbolic link" })
      expect(existsSync(join(base, "victim"))).toBe(false)
    }).pipe(Effect.provide(host))
  )
})
