import { createColors } from "picocolors"
import { describe, expect, it } from "vitest"
import { table } from "../../src/internal/table.js"

const style = { width: undefined, overflow: "cut" } as const

describe("a cell that is too long", () => {
  it("is cut before it is measured, which takes more than linear time", () => {
    const [, row = ""] = table(["A", "B"], [["x".repeat(1_000_000), "end"]], style)
    expect(row).toBe(`${"x".repeat(3999)}…  end`)
  })

  it("ends its colour, and has no half of a character", () => {
    const { yellow } = createColors(true)
    const [, row = ""] = table(["A"], [[yellow("x".repeat(6000))]], style)
    expect(row).toMatch(/^\x1b\[33mx+\x1b\[0m…$/)
    const [, pairs = ""] = table(["A"], [["\u{1f600}".repeat(3000)]], style)
    expect(pairs).toBe(`${"\u{1f600}".repeat(1999)}…`)
  })

  it("stays whole up to 4000 characters", () => {
    const [, row] = table(["A"], [["x".repeat(4000)]], style)
    expect(row).toBe("x".repeat(4000))
  })
})
