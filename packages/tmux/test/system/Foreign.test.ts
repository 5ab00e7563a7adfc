/**
 * What others may have put where facts of a session, answers of a shim and names of processes are read.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Facts from "../../src/internal/facts.js"
import { livenessIn } from "../../src/internal/processFile.js"
import { ask } from "../../src/internal/shimClient.js"

const host = Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer)

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-foreign-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const process = { pid: 7, startToken: "1", bootId: "b", pidNamespace: "pid:[1]" }

const facts = {
  version: 1,
  identity: "web\x1b[2J",
  session: "$1",
  pane: "%1",
  shim: process,
  server: process,
  launchedAt: 0,
  command: "x",
  cwd: "/",
  logFile: "/x",
  exitLogDir: "/x",
  start: "01A",
  socket: "/x",
  unwritten: "/x",
  stop: [{ signal: "SIGTERM", wait: 5000 }],
  end: "/x"
}

describe("the facts of a session", () => {
  const read = (fields: object) => Facts.fromText(Encoding.encodeBase64Url(JSON.stringify({ ...facts, ...fields })))

  it("are none where one of them cannot be", () => {
    expect(Option.isSome(read({}))).toBe(true)
    for (const bad of [
      ...[1e308, -1e308, 8.64e15 + 1, null, "0"].map((launchedAt) => ({ launchedAt })),
      ...["", "web", "$1\x1b[2J", "$1; kill-server", "-t", 1].map((session) => ({ session })),
      ...["", "1", "%1\n", "$1", 1].map((pane) => ({ pane })),
      ...["", "a\nb", 7].map((start) => ({ start })),
      ...[0, -1, 1e308, "1"].map((pid) => ({ shim: { ...process, pid } })),
      { shim: { ...process, startToken: "\x1b" } },
      { server: { ...process, bootId: "\u2028" } },
      { version: 2 },
      ...[undefined, 5, [{}], [{ signal: "SIGTERM", wait: -1 }]].map((stop) => ({ stop })),
      { identity: 7 },
      { end: null }
    ])
      expect(read(bad), JSON.stringify(bad)).toEqual(Option.none())
    for (const text of ["", "?", "e30", Encoding.encodeBase64Url("null")])
      expect(Facts.fromText(text), text).toEqual(Option.none())
  })
})

describe("the process in a file", () => {
  it.scopedLive("is unnamed where it cannot be one", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "process")
      for (const bad of [
        "",
        "7",
        "{}",
        ...[0, -1, 1e308, "1", null].map((pid) => JSON.stringify({ ...process, pid })),
        JSON.stringify({ ...process, startToken: "\x1b[2J" }),
        JSON.stringify({ ...process, pidNamespace: "a\nb" })
      ]) {
        writeFileSync(path, bad)
        expect(yield* livenessIn(path), bad).toBe("unnamed")
      }
    }).pipe(Effect.provide(host))
  )
})

describe("the answer of a shim", () => {
  it.scopedLive("is no answer where a part of it cannot be one", () =>
    Effect.gen(function* () {
      const socket = join(yield* folder, "shim.sock")
      let answer = ""
      yield* Effect.acquireRelease(
        Effect.async<ReturnType<typeof createServer>>((resume) => {
          const server = createServer(
            (connection) =>
              void connection
                .on("error", () => undefined)
                .resume()
                .end(`${answer}\n`)
          )
          server.listen(socket, () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
      )
      const asked = (text: string) => {
        answer = text
        return Effect.exit(Effect.scoped(ask(socket, { op: "running" })))
      }
      for (const text of [
        `{"_tag":"Running","isRunning":true}`,
        `{"_tag":"Stopped","status":{"signal":"SIGKILL"}}`,
        `{"_tag":"Stopped","status":{"code":3},"step":"SIGTERM"}`
      ])
        expect(yield* asked(text), text).toMatchObject({ _tag: "Success", value: JSON.parse(text) })
      for (const text of [
        "",
        "null",
        "7",
        `{"_tag":"Other"}`,
        `{"_tag":"Running"}`,
        `{"_tag":"Started","pid":1e308}`,
        `{"_tag":"Stopped","status":{"signal":"\\u001b[2JSIGKILL"}}`,
        `{"_tag":"Stopped","status":{"signal":"SIGNOTHING"}}`,
        `{"_tag":"Stopped","status":{"code":"3"}}`,
        `{"_tag":"Stopped","status":{},"step":"SIGTERM"}`
      ])
        expect(yield* asked(text), text).toMatchObject({ _tag: "Failure", cause: { error: { _tag: "NoAnswer" } } })
    })
  )
})
