import { describe, expect, it } from "vitest"
import { isLinux, stress } from "../support/stress.js"

describe.skipIf(!isLinux)("pnpm stress", () => {
  it("finds nothing after the end of a host, in a short run", async () => {
    const { code, stderr, stdout } = await stress("--kills", "16", "--seed", "58", "--deadline", "10000")
    expect(stderr).toBe("")
    expect(stdout).toMatch(/^seed 58\n/)
    expect(stdout).toContain("seed 58, 16 hosts killed: ")
    expect(code, stdout).toBe(0)
  })

  it("refuses what it does not know", async () => {
    for (const args of [["--kills", "many"], ["--seed", "-1"], ["--fast"]]) {
      const { code, stderr } = await stress(...args)
      expect(code).toBe(2)
      expect(stderr).toContain("pnpm stress [options]")
    }
  })
})
