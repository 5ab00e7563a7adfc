import { describe, expect, it } from "vitest"
import { planOf } from "../../src/plan.js"

describe("the plan of a round", () => {
  it("is the same for the same seed and round, and another for others", () => {
    expect(planOf(1, 2, false)).toEqual(planOf(1, 2, false))
    expect(planOf(1, 2, false).instant).not.toBe(planOf(1, 3, false).instant)
    expect(planOf(1, 2, false).instant).not.toBe(planOf(2, 2, false).instant)
  })

  it("has every ending, and most of them kills", () => {
    const endings = Array.from({ length: 500 }, (_, round) => planOf(1, round, false).ending)
    expect(new Set(endings)).toEqual(new Set(["kill", "reaper", "close", "exit"]))
    expect(endings.filter((ending) => ending === "kill" || ending === "reaper").length).toBeGreaterThan(400)
  })
})
