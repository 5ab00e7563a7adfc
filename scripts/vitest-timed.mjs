import { execFileSync } from "node:child_process"
import { expect } from "vitest"

// What is promised within a time is judged by the median of several runs, and by what the machine gives at this moment:
// a bound holds for one on which Node.js starts in `reference`, and grows with the time that it takes.

/** In milliseconds. */
const reference = 60
const starts = 5

const median = (numbers) => numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)]

const startTime = () => {
  const start = performance.now()
  execFileSync(process.execPath, ["-e", "0"])
  return performance.now() - start
}

const slowness = () => Math.max(1, median(Array.from({ length: starts }, startTime)) / reference)

expect.extend({
  toHaveMedianWithin(samples, bound) {
    const factor = slowness()
    const found = median(samples)
    const times = samples.map((sample) => sample.toFixed(0)).join(", ")
    return {
      pass: samples.length > 0 && found <= bound * factor,
      message: () =>
        `the median of ${times} ms must be at most ${bound} ms × ${factor.toFixed(2)}, by what a start of Node.js takes now`
    }
  }
})
