import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { writeDump } from "../../src/internal/dump.js"

describe("a dump", () => {
  it.scopedLive.each([0o777, 0o277, 0])("can be read by its user, and by nobody else, under umask %o", (umask) =>
    Effect.gen(function* () {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-dump-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      yield* Effect.acquireRelease(
        Effect.sync(() => process.umask(umask)),
        (before) => Effect.sync(() => process.umask(before))
      )
      const file = join(directory, "dump")
      yield* Effect.withFiberRuntime<void, unknown>((fiber) => writeDump(file, "a test", [], fiber))
      expect(statSync(file).mode & 0o777).toBe(0o600)
    })
  )
})
