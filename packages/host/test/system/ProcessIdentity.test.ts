import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import * as ProcessIdentity from "../../src/ProcessIdentity.js"

describe("ProcessIdentity", () => {
  it.live("knows this process and one that has ended", (context) => {
    if (!existsSync("/proc/self/stat")) {
      console.log("skipped: this system has no /proc")
      return context.skip()
    }
    return Effect.gen(function* () {
      const service = yield* ProcessIdentity.ProcessIdentity
      const own = Option.getOrThrow(yield* service.identify(process.pid))
      expect(yield* service.liveness(own)).toBe("alive")
      const child = spawn("sleep", ["60"])
      const other = Option.getOrThrow(yield* service.identify(child.pid ?? 0))
      expect(yield* service.liveness(other)).toBe("alive")
      yield* Effect.async<void>((resume) => {
        child.once("exit", () => resume(Effect.void))
        child.kill("SIGKILL")
      })
      expect(yield* service.liveness(other)).toBe("gone")
    }).pipe(Effect.provide(Layer.provide(ProcessIdentity.layer, NodeFileSystem.layer)))
  })
})
