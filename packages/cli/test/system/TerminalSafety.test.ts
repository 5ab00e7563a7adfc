/**
 * What reaches a terminal of the words of commands that start programs.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { evil, harmless } from "../support/evil.js"

const root = mkdtempSync(join(tmpdir(), "tether-safety-"))
// A command of sessions keeps a file next to the server's socket, also where there is no server.
process.env["TETHER_RUNTIME_DIR"] = join(root, "run")
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe("words that make no sense", () => {
  it.each([[["session", "logs", evil, "--log-dir", root]], [["turn", `--${evil}`]]])(
    "%# are shown as what they are",
    async (words) => {
      const { code, stderr } = await harmless(...words)
      expect(code).toBeGreaterThan(0)
      expect(stderr).toMatch(/^tether: /)
    }
  )

  it("a program that does not exist is named, and its name harms nothing", async () => {
    const { stderr } = await harmless("run", "--", `/no/${evil}`)
    expect(stderr).toContain("evil")
    expect((await harmless("run", "--json", "--", `/no/${evil}`)).stdout).toContain("evil")
  })
})
