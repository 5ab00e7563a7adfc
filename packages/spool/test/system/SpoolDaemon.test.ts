import * as FileSystem from "@effect/platform/FileSystem"
import type * as Socket from "@effect/platform/Socket"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { connect, createServer, type Server } from "node:net"
import { join } from "node:path"
import { linkedModule } from "../../../host/test/support/loader.js"
import * as Answer from "../../src/Answer.js"
import * as DaemonClient from "../../src/DaemonClient.js"
import { converse } from "../../src/internal/conversation.js"
import type * as Spool from "../../src/Spool.js"
import * as SpoolDaemon from "../../src/SpoolDaemon.js"
import * as SpoolUnits from "../../src/SpoolUnits.js"
import { filesIn, folder, host, make, quiet, type Task, Taker, waitUntil } from "../support/spools.js"

const json = (...records: ReadonlyArray<Task>) => records.map((record) => JSON.stringify(record))

const header = { version: 1 }

/** A daemon, its spool, and a client of it. */
const running = (options: { readonly handler?: Spool.Handler<Task>; readonly quietFor?: string } = {}) =>
  Effect.gen(function* () {
    const directory = yield* folder
    const socket = join(directory, "run", "daemon.sock")
    const spool = yield* make(join(directory, "spool"))
    const taker = new Taker()
    const up = Effect.provideService(
      Layer.build(
        SpoolDaemon.layer({
          spool,
          socket,
          handler: options.handler ?? taker.handle,
          quietFor: (options.quietFor as "1 second") ?? 0
        })
      ),
      SpoolDaemon.SpoolDaemon,
      undefined as never
    )
    return {
      directory,
      socket,
      spool,
      taker,
      up: Effect.map(
        up,
        (context) => context.unsafeMap.get(SpoolDaemon.SpoolDaemon.key) as SpoolDaemon.SpoolDaemon["Type"]
      )
    }
  })

const settings = Effect.provide(host)

/**
 * Writes a text to a socket, and answers with all that comes back until it is closed, or until so many lines have come.
 */
const talk = (path: string, text: string, lines = Number.POSITIVE_INFINITY) =>
  Effect.async<string>((resume) => {
    let answer = ""
    const connection = connect({ path }, () => connection.write(text))
    const end = () => {
      connection.destroy()
      resume(Effect.succeed(answer))
    }
    connection
      .setEncoding("utf8")
      .on("data", (part: string) => {
        answer += part
        if (answer.split("\n").length > lines) end()
      })
      .on("close", end)
      .on("error", end)
  })

describe("a daemon", () => {
  it.scopedLive("takes what is handed over, at a private socket", () =>
    Effect.gen(function* () {
      const { directory, socket, taker, up } = yield* running()
      yield* up
      expect((statSync(socket).mode & 0o777).toString(8)).toBe("600")
      expect((statSync(join(directory, "run")).mode & 0o777).toString(8)).toBe("700")
      const client = yield* DaemonClient.make(socket)
      yield* client.ping
      const put = client.put(header, json({ n: 1 }, { n: 2 }))
      expect(yield* put).toEqual({ inserted: 2, reinforced: 0, skipped: 0, failed: 0 })
      expect(yield* put).toEqual({ inserted: 0, reinforced: 2, skipped: 0, failed: 0 })
      const many = Effect.all(
        Array.from({ length: 50 }, (_, n) => client.put(header, json({ n: 100 + n }))),
        { concurrency: "unbounded" }
      )
      expect((yield* many).every(({ inserted }) => inserted === 1)).toBe(true)
      expect(taker.taken).toHaveLength(52)
    }).pipe(settings, Effect.provide(quiet))
  )

  it.scopedLive("and its client leave the module loader as it was, which follows links", () =>
    Effect.gen(function* () {
      const { socket, up } = yield* running()
      const first = yield* linkedModule
      yield* up
      expect(first.isFollowed()).toBe(true)
      const second = yield* linkedModule
      yield* (yield* DaemonClient.make(socket)).put(header, json({ n: 1 }))
      expect(second.isFollowed()).toBe(true)
    }).pipe(settings, Effect.provide(quiet))
  )

  it.scopedLive("drains what was deferred at its start, and when it is asked to", () =>
    Effect.gen(function* () {
      const { directory, socket, spool, taker, up } = yield* running()
      yield* spool.put([{ n: 1 }, { n: 2 }])
      const daemon = yield* up
      yield* daemon.settled
      expect(taker.taken).toEqual([1, 2])
      yield* spool.put([{ n: 3 }])
      const client = yield* DaemonClient.make(socket)
      yield* client.drain
      yield* waitUntil(Effect.sync(() => taker.taken.length === 3))
      yield* daemon.settled
      expect(filesIn(join(directory, "spool"))).toEqual(["daemon.lock"])
    }).pipe(settings, Effect.provide(quiet))
  )

  it.scopedLive("answers while it drains, and waits with that until those who ask have been served", () =>
    Effect.gen(function* () {
      const reached = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const order: Array<string> = []
      const handler: Spool.Handler<Task> = ({ file, record: { n } }) =>
        Effect.gen(function* () {
          order.push(`${file === "live" ? "live" : "deferred"} ${n}`)
          if (n === 1) yield* Effect.zipRight(Deferred.succeed(reached, undefined), Deferred.await(go))
          return Answer.done
        })
      const { socket, spool, up } = yield* running({ handler, quietFor: "3 seconds" })
      yield* spool.put([{ n: 1 }])
      const daemon = yield* up
      yield* Deferred.await(reached)
      const client = yield* DaemonClient.make(socket)
      yield* client.put(header, json({ n: 2 }))
      yield* spool.put([{ n: 3 }])
      yield* client.drain
      yield* Deferred.succeed(go, undefined)
      yield* client.put(header, json({ n: 4 }))
      yield* daemon.settled
      expect(order).toEqual(["deferred 1", "live 2", "live 4", "deferred 3"])
    }).pipe(settings, Effect.provide(quiet))
  )

  it.scopedLive("is one for a spool, and takes the place of a socket that was left behind only", () =>
    Effect.gen(function* () {
      const { directory, socket, spool, up } = yield* running()
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* up
          const second = yield* Effect.flip(Effect.scoped(up))
          expect(second).toMatchObject({ _tag: "LockHeld", owner: { pid: process.pid, label: "spool daemon" } })
          expect(yield* SpoolDaemon.owner(spool)).toMatchObject({ liveness: "alive" })
        })
      )
      expect(existsSync(socket)).toBe(false)
      expect(yield* SpoolDaemon.owner(spool)).toBeUndefined()

      // A process that was killed leaves its socket.
      const left = spawn(process.execPath, [
        "-e",
        `require("net").createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, "SIGKILL"))`
      ])
      yield* Effect.promise(() => once(left, "close"))
      expect(existsSync(socket)).toBe(true)
      yield* Effect.scoped(
        Effect.zipRight(
          up,
          Effect.flatMap(DaemonClient.make(socket), (client) => client.ping)
        )
      )

      const stranger = createServer().listen(socket)
      yield* Effect.promise(() => once(stranger, "listening"))
      expect(yield* Effect.flip(Effect.scoped(up))).toMatchObject({ problem: "another program listens there" })
      stranger.close()
      yield* Effect.promise(() => once(stranger, "close"))
      writeFileSync(socket, "precious")
      expect(yield* Effect.flip(Effect.scoped(up))).toMatchObject({ problem: "it is not a socket" })
      expect(readFileSync(socket, "utf8")).toBe("precious")
      expect(directory).not.toBe("")
    }).pipe(settings, Effect.provide(quiet))
  )

  it.scopedLive("drains also where it is never quiet", () =>
    Effect.gen(function* () {
      const { socket, spool, taker, up } = yield* running({ quietFor: "200 millis" })
      const daemon = yield* up
      yield* daemon.settled
      const client = yield* DaemonClient.make(socket)
      yield* client.put(header, json({ n: 100 }))
      const puts = yield* Effect.fork(
        Effect.forever(Effect.zipRight(client.put(header, json({ n: 100 })), Effect.sleep("20 millis")))
      )
      yield* spool.put([{ n: 1 }])
      yield* client.drain
      yield* waitUntil(Effect.sync(() => taker.taken.includes(1)))
      yield* Fiber.interrupt(puts)
    }).pipe(settings, Effect.provide(quiet))
  )

  it.scopedLive("has a socket that was never open to others, in a directory that is", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      chmodSync(directory, 0o755)
      const socket = join(directory, "daemon.sock")
      const modes: Array<number> = []
      const watched = Layer.effect(
        FileSystem.FileSystem,
        Effect.map(FileSystem.FileSystem, (fs) => ({
          ...fs,
          chmod: (path: string, mode: number) => {
            if (path === socket) modes.push(statSync(path).mode & 0o777)
            return fs.chmod(path, mode)
          }
        }))
      )
      const umask = process.umask(0)
      yield* Effect.addFinalizer(() => Effect.sync(() => process.umask(umask)))
      const spool = yield* make(join(directory, "spool"))
      yield* Layer.build(Layer.provide(SpoolDaemon.layer({ spool, socket, handler: new Taker().handle }), watched))
      expect(modes).toEqual([0o600])
      expect(process.umask()).toBe(0)
    }).pipe(settings, Effect.provide(quiet))
  )

  it.scopedLive("makes nothing where its socket cannot be", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const spool = yield* make(join(directory, "spool"))
      const socket = join(directory, "run", "s".repeat(120))
      const error = yield* Effect.flip(Layer.build(SpoolDaemon.layer({ spool, socket, handler: new Taker().handle })))
      expect(error.message).toContain("longer than 103 bytes")
      expect(existsSync(join(directory, "run"))).toBe(false)
    }).pipe(settings, Effect.provide(quiet))
  )

  it.scopedLive("refuses what makes no sense, and goes on", () =>
    Effect.gen(function* () {
      const { socket, up } = yield* running()
      yield* up
      for (const [text, error] of [
        ["GET / HTTP/1.1\r\n\r\n", "this is no request"],
        [`{"v":1,"op":"put","records":1}\n`, "this is no request"],
        [`{"v":1,"op":"put","header":{"version":1},"records":1000000}\n`, "this is no request"],
        [`{"v":2,"op":"ping"}\n`, "this daemon speaks version 1, and not 2"],
        [`${"x".repeat(17 * 1024 * 1024)}\n`, "the request is too long"]
      ] as const) {
        expect(JSON.parse(yield* talk(socket, text))).toEqual({ v: 1, ok: false, error })
      }
      expect(
        JSON.parse(yield* talk(socket, `{"v":1,"op":"put","header":{"version":1},"records":2}\nnonsense\n{"n":1}\n`, 1))
      ).toMatchObject({ ok: true, inserted: 1, failed: 1 })
      expect(JSON.parse(yield* talk(socket, `{"v":1,"id":7,"op":"ping"}\n`, 1))).toEqual({
        v: 1,
        id: 7,
        ok: true,
        pid: process.pid
      })
    }).pipe(settings, Effect.provide(quiet))
  )

  it.scopedLive("has no more than so many connections, and its handler may die", () =>
    Effect.gen(function* () {
      const { socket, up } = yield* running({ handler: () => Effect.dieMessage("boom") })
      yield* up
      const idle = Array.from({ length: 80 }, () => connect({ path: socket }).on("error", () => undefined))
      yield* waitUntil(Effect.sync(() => idle.filter(({ closed }) => closed).length >= 16))
      expect(idle.filter(({ closed }) => closed)).toHaveLength(16)
      for (const connection of idle) connection.destroy()
      const client = yield* DaemonClient.make(socket)
      yield* waitUntil(Effect.match(client.ping, { onFailure: () => false, onSuccess: () => true }))
      expect(yield* client.put(header, json({ n: 1 }))).toMatchObject({ failed: 1 })
    }).pipe(settings, Effect.provide(quiet))
  )

  it.scopedLive("keeps no more than a request of what it is sent, however many lines that is", () =>
    Effect.gen(function* () {
      const never = yield* Deferred.make<void>()
      const { socket, up } = yield* running({
        handler: () => Effect.as(Effect.zipRight(Deferred.succeed(never, undefined), Effect.never), Answer.done)
      })
      yield* up
      const put = (records: number) => `${JSON.stringify({ v: 1, op: "put", header, records })}\n`
      const long = yield* Effect.timeout(
        talk(socket, `${put(100_000)}${`${"x".repeat(1024 * 1024)}\n`.repeat(40)}`),
        "1 minute"
      )
      expect(JSON.parse(long)).toEqual({ v: 1, ok: false, error: "the request is too long" })

      const connection = connect({ path: socket })
      yield* Effect.addFinalizer(() => Effect.sync(() => connection.destroy()))
      connection.write(`${put(1)}{"n":1}\n`)
      yield* Deferred.await(never)
      connection.write(Buffer.alloc(16 * 1024 * 1024, "\n"))
      yield* Effect.sleep("1 second")
      expect(connection.writableLength).toBeGreaterThan(8 * 1024 * 1024)
      const client = yield* DaemonClient.make(socket)
      yield* client.ping
    }).pipe(settings, Effect.provide(quiet))
  )

  it.scoped("waits for nobody who asks for nothing", () =>
    Effect.gen(function* () {
      const written: Array<unknown> = []
      const socket = {
        run: () => Effect.never,
        writer: Effect.succeed((text: unknown) => Effect.sync(() => written.push(text)))
      } as unknown as Socket.Socket
      const service = { put: () => Effect.die("nothing was put"), drain: Effect.void }
      const conversation = yield* Effect.fork(
        converse(socket, { pause: () => undefined, resume: () => undefined }, service)
      )
      yield* TestClock.adjust("31 seconds")
      expect(yield* Fiber.poll(conversation)).toMatchObject({ _tag: "Some" })
    })
  )

  it.scopedLive("serves at a socket that is inherited, and leaves it where it is", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const path = join(directory, "given.sock")
      const program = join(import.meta.dirname, "../../node_modules/.programs/daemon.mjs")
      const shell = `LISTEN_FDS=1 LISTEN_PID=$$ exec "${process.execPath}" "${program}" "${directory}/spool" "${directory}/none.sock"`
      // It listens, hands its socket over, and never accepts anybody: it waits for ever without a turn of its loop.
      const manager = spawn(
        process.execPath,
        [
          "-e",
          `
        const server = require("net").createServer().listen(${JSON.stringify(path)}, () => {
          require("child_process").spawn("sh", ["-c", ${JSON.stringify(shell)}], { stdio: ["ignore", "inherit", "inherit", server._handle.fd] })
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
        })`
        ],
        { stdio: ["ignore", "pipe", "inherit"] }
      )
      yield* Effect.addFinalizer(() => Effect.sync(() => manager.kill("SIGKILL")))
      let output = ""
      manager.stdout.setEncoding("utf8").on("data", (text: string) => {
        output += text
      })
      yield* waitUntil(Effect.sync(() => output.includes("up at")))
      expect(output).toContain(`up at {"fd":3}`)
      expect(existsSync(join(directory, "none.sock"))).toBe(false)
      const { pid } = JSON.parse(yield* talk(path, `{"v":1,"op":"ping"}\n`, 1)) as { readonly pid: number }
      yield* Effect.addFinalizer(() => Effect.sync(() => isAlive(pid) && process.kill(pid, "SIGKILL")))
      const client = yield* DaemonClient.make(path)
      expect(yield* client.put(header, json({ n: 1 }))).toMatchObject({ inserted: 1 })
      process.kill(pid, "SIGTERM")
      yield* waitUntil(Effect.sync(() => !isAlive(pid)))
      expect(existsSync(path)).toBe(true)
    })
  )
})

const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}

describe("a client", () => {
  it.scopedLive(
    "fails what is under way at once when its daemon goes, connects once more, and lets later requests wait for that",
    () =>
      Effect.gen(function* () {
        const never = yield* Deferred.make<void>()
        const { socket, up } = yield* running({
          handler: () => Effect.as(Effect.zipRight(Deferred.succeed(never, undefined), Effect.never), Answer.done)
        })
        const client = yield* DaemonClient.make(socket)
        expect(yield* Effect.flip(client.ping)).toMatchObject({ _tag: "DaemonGone", problem: "ENOENT" })
        const pending = yield* Effect.scoped(
          Effect.gen(function* () {
            yield* up
            yield* client.ping
            const pending = yield* Effect.fork(
              Effect.all(
                [1, 2, 3].map((n) => Effect.flip(client.put(header, json({ n })))),
                { concurrency: 3 }
              )
            )
            yield* Deferred.await(never)
            return pending
          })
        )
        for (const error of yield* Fiber.join(pending)) expect(error).toMatchObject({ _tag: "DaemonGone" })
        expect(yield* Effect.flip(client.ping)).toMatchObject({ _tag: "DaemonGone" })
        yield* up
        yield* client.ping
      }).pipe(settings, Effect.provide(quiet))
  )
})

describe("a client of a server that drops its connections", () => {
  const dropping = (directory: string) =>
    Effect.acquireRelease(
      Effect.async<{ readonly path: string; readonly connections: () => number }>((resume) => {
        const path = join(directory, "dropping.sock")
        let connections = 0
        const server = createServer((connection) => {
          connections++
          connection.on("error", () => undefined).once("data", () => connection.destroy())
          if (connections > 1) connection.destroy()
        })
        server.listen(path, () => resume(Effect.succeed({ path, connections: () => connections, server })))
      }),
      (dropping) => Effect.sync(() => (dropping as unknown as { readonly server: Server }).server.close())
    )

  it.scopedLive("tries once more, and then when it is asked, and never once it is closed", () =>
    Effect.gen(function* () {
      const { connections, path } = yield* dropping(yield* folder)
      const client = yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* DaemonClient.make(path)
          expect(yield* Effect.flip(client.ping)).toMatchObject({ _tag: "DaemonGone" })
          yield* waitUntil(Effect.sync(() => connections() >= 2))
          yield* Effect.sleep("300 millis")
          expect(connections()).toBe(2)
          expect(yield* Effect.flip(client.ping)).toMatchObject({ _tag: "DaemonGone" })
          yield* waitUntil(Effect.sync(() => connections() >= 3))
          yield* Effect.sleep("300 millis")
          expect(connections()).toBe(3)
          return client
        })
      )
      expect(yield* Effect.flip(client.ping)).toMatchObject({ problem: "the client was closed" })
      yield* Effect.sleep("100 millis")
      expect(connections()).toBe(3)
    })
  )
})

describe("units", () => {
  it.scoped("are written in the place of ours, and never in that of others", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const units = yield* SpoolUnits.systemd({
        command: ["/opt/my tools/tether", "spool", "serve", '100%$HOME"'],
        socket: "/run/user/1/t.sock"
      })
      expect(units[0]?.text).toContain(`ExecStart="/opt/my tools/tether" "spool" "serve" "100%%$$HOME\\""`)
      yield* SpoolUnits.install(directory, units)
      yield* SpoolUnits.install(directory, units)
      expect(filesIn(directory)).toEqual(["tether-spool.service", "tether-spool.socket"])
      writeFileSync(join(directory, "tether-spool.socket"), "[Socket]\n")
      expect(yield* Effect.flip(SpoolUnits.install(directory, units))).toMatchObject({ reason: "AlreadyExists" })
      expect(
        yield* Effect.flip(
          SpoolUnits.uninstall(
            directory,
            units.map(({ name }) => name)
          )
        )
      ).toMatchObject({ reason: "AlreadyExists" })
      expect(readFileSync(join(directory, "tether-spool.socket"), "utf8")).toBe("[Socket]\n")
      expect(filesIn(directory)).toHaveLength(2)
      const plist = (yield* SpoolUnits.launchd({ command: ["/bin/a&b"], socket: "/tmp/<s>" }))[0]?.text
      expect(plist).toContain("<string>/bin/a&amp;b</string>")
      expect(plist).toContain(SpoolUnits.mark)
    }).pipe(settings)
  )

  it.scoped("are not mistaken for what somebody else has put there", () =>
    Effect.gen(function* () {
      const units = yield* SpoolUnits.systemd({ command: ["/opt/tether"], socket: "/run/user/1/t.sock" })
      const names = units.map(({ name }) => name)
      const others: ReadonlyArray<readonly [string, (path: string) => unknown]> = [
        ["a link that leads nowhere", (path) => symlinkSync("/mnt/none", path)],
        ["a pipe", (path) => spawnSync("mkfifo", [path])],
        ["a directory", (path) => mkdirSync(path)],
        ["an empty file", (path) => writeFileSync(path, "")],
        [
          "one that tells of ours",
          (path) => writeFileSync(path, `[Service]\n# copied from one that is ${SpoolUnits.mark}\n`)
        ]
      ]
      for (const [what, put] of others) {
        const directory = yield* folder
        put(join(directory, "tether-spool.socket"))
        for (const change of [SpoolUnits.install(directory, units), SpoolUnits.uninstall(directory, names)]) {
          const error = yield* Effect.flip(change).pipe(Effect.timeout("1 minute"))
          expect([what, error]).toMatchObject([what, { reason: "AlreadyExists" }])
        }
        expect(readdirSync(directory)).toEqual(["tether-spool.socket"])
      }
      const directory = yield* folder
      const launchd = yield* SpoolUnits.launchd({ command: ["/opt/tether"], socket: "/tmp/t.sock" })
      yield* SpoolUnits.install(directory, launchd)
      expect(yield* SpoolUnits.uninstall(directory, SpoolUnits.launchdNames)).toHaveLength(1)
    }).pipe(settings)
  )

  it.effect("say nothing that was not meant", () =>
    Effect.gen(function* () {
      const command = ["/opt/tether"]
      const socketOf = (socket: string) =>
        Effect.map(SpoolUnits.systemd({ command, socket }), (units) => units[1]?.text)
      expect(yield* socketOf(`/tmp/a b%h"'\\x`)).toContain(`ListenStream=/tmp/a b%%h"'\\x\n`)
      for (const socket of ["/tmp/a\nExecStartPre=/bin/evil", "/tmp/a\\", "/tmp/a ", "a.sock", "/tmp/\u007f"]) {
        expect(yield* Effect.flip(socketOf(socket))).toMatchObject({ reason: "Invalid" })
      }
      for (const service of [
        { command, socket: "/tmp/a\u0001" },
        { command: ["a\n"], socket: "/a" },
        { command, socket: "/a", env: { A: "\r" } }
      ]) {
        expect(yield* Effect.flip(SpoolUnits.launchd(service))).toMatchObject({ reason: "Invalid" })
      }
    })
  )
})
