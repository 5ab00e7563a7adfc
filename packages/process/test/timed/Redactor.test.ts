/**
 * How long a redactor takes. What it replaces, `unit/Redactor.test.ts` tells.
 */
import * as Redactor from "@tether/process/Redactor"
import { expect, it } from "vitest"

it("a secret of 20,000 lines is looked for in one pass", () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `secret-line-${index * 7919}`)
  const redactor = Redactor.make({ redact: [lines.join("\n")] })
  const text = "some-output secret-line\n".repeat(3000)
  const sample = () => {
    const begin = performance.now()
    for (let time = 0; time < 20; time++) redactor.redact(text)
    return performance.now() - begin
  }
  sample()
  // One pass for each of its lines would take a thousand times as long as this.
  expect([sample(), sample(), sample()]).toHaveMedianWithin(1000)
})
