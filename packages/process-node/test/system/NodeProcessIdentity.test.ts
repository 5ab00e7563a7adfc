import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import * as NodeProcessIdentity from "../../src/NodeProcessIdentity.js"
import { stateOf, waitUntil } from "../support/os.js"

/** Ours and the host's, asked the same. */
const both = Effect.all({
  ours: Effect.provide(ProcessIdentity.ProcessIdentity, NodeProcessIdentity.layer),
  hosts: Effect.provide(ProcessIdentity.ProcessIdentity, Layer.provide(ProcessIdentity.layer, NodeFileSystem.layer))
})

const identityOf = (pid: number) =>
  Effect.gen(function* () {
    const { hosts, ours } = yield* both
    const identity = yield* ours.identify(pid)
    expect(identity).toEqual(yield* hosts.identify(pid))
    return identity
  })

const livenessOf = (identity: ProcessIdentity.Identity) =>
  Effect.gen(function* () {
    const { hosts, ours } = yield* both
    const liveness = yield* ours.liveness(identity)
    expect(liveness).toBe(yield* hosts.liveness(identity))
    return liveness
  })

const child = (script: string) =>
  Effect.acquireRelease(
    Effect.sync(() => spawn("/bin/sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] })),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

// Without /proc the host's layer knows nothing.
const hasProc = existsSync("/proc/self/stat")
if (!hasProc) console.log("skipped: NodeProcessIdentity beside the host's layer, because there is no /proc")

describe.skipIf(!hasProc)("NodeProcessIdentity answers as the host's layer does", () => {
  it.live("of this process", () =>
    Effect.gen(function* () {
      const own = Option.getOrThrow(yield* identityOf(process.pid))
      expect(yield* livenessOf(own)).toBe("alive")
      expect(yield* livenessOf({ ...own, startToken: `${own.startToken}1` })).toBe("gone")
      expect(yield* livenessOf({ ...own, bootId: "another" })).toBe("gone")
      expect(yield* livenessOf({ ...own, pidNamespace: "another" })).toBe("unknown")
    })
  )

  it.live("of pid 1, which is not ours", () =>
    Effect.gen(function* () {
      expect(yield* livenessOf(Option.getOrThrow(yield* identityOf(1)))).toBe("alive")
    })
  )

  it.scopedLive("of a child that has ended", () =>
    Effect.gen(function* () {
      const sleep = yield* child("exec sleep 300")
      const identity = Option.getOrThrow(yield* identityOf(sleep.pid ?? 0))
      expect(yield* livenessOf(identity)).toBe("alive")
      yield* Effect.async<void>((resume) => {
        sleep.once("exit", () => resume(Effect.void))
        sleep.kill("SIGKILL")
      })
      expect(yield* livenessOf(identity)).toBe("gone")
      expect(yield* identityOf(identity.pid)).toEqual(Option.none())
    })
  )

  it.scopedLive("of a zombie", () =>
    Effect.gen(function* () {
      // The shell becomes a program that reaps nobody.
      const shell = yield* child("sleep 0.05 & echo $!; exec sleep 300")
      const zombie = yield* Effect.async<number>((resume) => {
        shell.stdout.once("data", (chunk) => resume(Effect.succeed(Number(chunk))))
      })
      yield* waitUntil("a zombie", () => stateOf(zombie) === "Z")
      expect(yield* livenessOf(Option.getOrThrow(yield* identityOf(zombie)))).toBe("gone")
    })
  )
})
