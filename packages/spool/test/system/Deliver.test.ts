import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { deliver } from "../../src/internal/deliver.js"
import { folder, host } from "../support/spools.js"

/** A daemon in a process of its own, which answers each delivery of one record at once. */
const daemon = `
  const answer = JSON.stringify({ v: 1, ok: true, inserted: 1, reinforced: 0, skipped: 0, failed: 0 })
  require("node:net").createServer((connection) => {
    console.log("connected")
    let text = ""
    connection.on("data", (part) => {
      text += part
      if (text.split("\\n").length > 2) connection.end(answer + "\\n")
    })
  }).listen(process.argv[1], () => console.log("up"))
`

const blockFor = (millis: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis)

it.scopedLive("an answer that came while the program stood still is in time", () =>
  Effect.gen(function* () {
    const socket = join(yield* folder, "d.sock")
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(process.execPath, ["-e", daemon, socket], { stdio: ["ignore", "pipe", "inherit"] })),
      (server) => Effect.sync(() => server.kill("SIGKILL"))
    )
    yield* Effect.promise(() => once(server.stdout, "data"))
    const connected = once(server.stdout, "data")
    const delivery = { socket, header: { version: 1 }, lines: ["{}"], connectWithin: 250, answerWithin: 600 }
    const delivered = yield* Effect.fork(deliver(delivery))
    yield* Effect.promise(() => connected)
    blockFor(2000)
    expect(yield* Fiber.join(delivered)).toEqual({ inserted: 1, reinforced: 0, skipped: 0, failed: 0 })
  }).pipe(Effect.provide(host))
)
