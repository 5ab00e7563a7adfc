import { expect, it } from "vitest"
import { fromSecondSigint } from "../support/samples.js"
import { stubbornTurn } from "../support/turns.js"

it("a second Ctrl-C kills an agent at once", async () => {
  expect(await fromSecondSigint(stubbornTurn, 130)).toHaveMedianWithin(1000)
})
