import { describe, expect, it } from "vitest"
import { fromSecondSigint } from "../support/samples.js"
import { stubborn, stubbornFlood } from "../support/stubborn.js"

describe("a second Ctrl-C ends within a second", () => {
  it.each([
    ["a child that goes on", stubborn],
    ["a child whose output has no reader", stubbornFlood]
  ] as const)("%s", async (_, start) => {
    expect(await fromSecondSigint(start, 137)).toHaveMedianWithin(1000)
  })
})
