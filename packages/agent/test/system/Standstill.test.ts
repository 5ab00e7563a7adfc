/**
 * Hosts that are stopped from outside and go on, as by Ctrl-Z and fg, at any step of what has a limit.
 */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { waitUntil } from "../support/wait.js"

const program = fileURLToPath(new URL("../../node_modules/.programs/rounds.mjs", import.meta.url))

const hosts = 10
const stopsOfEach = 5
/** Longer than the limits of the rounds. */
const stoppedFor = 4000

const agent = (folder: string): string => {
  const path = join(folder, "agent")
  const line = (fields: object) => `echo '${JSON.stringify({ ...fields, session_id: "s" })}'`
  const script = [
    "#!/bin/sh",
    line({ type: "system", subtype: "init" }),
    "for i in 1 2 3 4 5 6; do sleep 0.1",
    line({ type: "system", subtype: "status" }),
    "done",
    line({ type: "result", subtype: "success", is_error: false, result: "ok" })
  ]
  writeFileSync(path, `${script.join("\n")}\n`)
  chmodSync(path, 0o755)
  return path
}

const pause = (millis: number) => Effect.promise(() => new Promise((resume) => setTimeout(resume, millis)))

/** Runs a host, stops it at random instants, and answers with what it said of its rounds. */
const stoppedAtRandom = (path: string) =>
  Effect.acquireUseRelease(
    Effect.sync(() => spawn(process.execPath, [program, path], { stdio: ["pipe", "pipe", "inherit"] })),
    (host) =>
      Effect.gen(function* () {
        let output = ""
        host.stdout.setEncoding("utf8").on("data", (text: string) => {
          output += text
        })
        yield* waitUntil(
          Effect.sync(() => output.includes("up\n")),
          "the host is up"
        )
        for (let stops = 0; stops < stopsOfEach; stops++) {
          yield* pause(Math.random() * 700)
          expect(host.kill("SIGSTOP")).toBe(true)
          yield* pause(stoppedFor)
          expect(host.kill("SIGCONT")).toBe(true)
        }
        host.stdin.end()
        yield* waitUntil(
          Effect.sync(() => host.exitCode !== null),
          "the host has ended"
        )
        return output.split("\n").slice(1, -1)
      }),
    (host) => Effect.sync(() => host.exitCode === null && host.kill("SIGKILL"))
  )

it.live(`nothing is called silent, late or cut that was not, in ${hosts * stopsOfEach} stops of the host`, () =>
  Effect.gen(function* () {
    const folder = mkdtempSync(join(tmpdir(), "standstill-"))
    yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
    const path = agent(folder)
    const rounds = (yield* Effect.all(
      Array.from({ length: hosts }, () => stoppedAtRandom(path)),
      { concurrency: "unbounded" }
    )).flat()
    expect(rounds.map((line) => JSON.parse(line)).filter(({ problem }) => problem !== undefined)).toEqual([])
    expect(rounds.length).toBeGreaterThanOrEqual(hosts * 3)
  }).pipe(Effect.scoped)
)
