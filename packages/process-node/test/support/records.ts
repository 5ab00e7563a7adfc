import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, vi } from "vitest"

/** That of a host. */
export const name = "7-4711-0-0-a1"

/** Each test has a runtime directory of its own, in which records are. */
export const ownRuntime = (): (() => string) => {
  let runtime = ""
  beforeEach(() => {
    runtime = mkdtempSync(join(tmpdir(), "tether-record-"))
    vi.stubEnv("TETHER_RUNTIME_DIR", runtime)
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
    rmSync(runtime, { recursive: true, force: true })
  })
  return () => runtime
}
