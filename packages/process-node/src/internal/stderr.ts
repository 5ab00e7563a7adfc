/**
 * Last words. Not by `process.stderr`: its failure would be one more error that nobody catches.
 */
import { writeSync } from "node:fs"
import { nap } from "./nap.js"
import { monotonic } from "./realTime.js"

/** How long a reader that takes nothing is waited for, in milliseconds. */
const patience = 100

export const sayOnStderr = (text: string): void => {
  let left = Buffer.from(text)
  const deadline = monotonic() + patience
  while (left.length > 0 && monotonic() < deadline) {
    try {
      left = left.subarray(writeSync(2, left))
    } catch (error) {
      // A pipe that is full: Node makes some of them so that they do not wait by themselves.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return
      nap(5)
    }
  }
}
