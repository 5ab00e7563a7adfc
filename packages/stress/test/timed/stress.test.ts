import { describe, expect, it } from "vitest"
import { isLinux, stress } from "../support/stress.js"

describe.skipIf(!isLinux)("pnpm stress", () => {
  it("finds nothing a second after the end of a host, in three short runs", async () => {
    const samples: Array<number> = []
    for (const seed of ["58", "59", "60"]) {
      const { stdout } = await stress("--kills", "3", "--seed", seed, "--deadline", "10000")
      // Of all rounds, the longest.
      samples.push(Number(/empty after \d+ ms \(worst (\d+)\)/.exec(stdout)?.[1]))
    }
    expect(samples).toHaveMedianWithin(1000)
  })
})
