/**
 * What is promised within a second, for `toHaveMedianWithin`.
 */
import { expect } from "vitest"
import type { Started } from "./tether.js"

/** How long three programs take, one after the other, from a second Ctrl-C to their end with this exit code. */
export const fromSecondSigint = async (start: () => Promise<Started>, code: number): Promise<Array<number>> => {
  const samples: Array<number> = []
  for (let count = 0; count < 3; count++) {
    const started = await start()
    const begin = performance.now()
    started.process.kill("SIGINT")
    expect((await started.ended).code).toBe(code)
    samples.push(performance.now() - begin)
  }
  return samples
}
