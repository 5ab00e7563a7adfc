/**
 * Names for records: unique, and in the order of time when sorted as text, also those of one millisecond.
 */
import { monotonicFactory } from "ulid"

export const makeIds = (): (now: number) => string => monotonicFactory(makeRandom())

/** By default the system would be asked sixteen times for each name, which takes longer than to write it. */
const makeRandom = (): () => number => {
  const pool = new Uint8Array(4096)
  let at = pool.length
  return () => {
    if (at === pool.length) {
      globalThis.crypto.getRandomValues(pool)
      at = 0
    }
    return (pool[at++] ?? 0) / 256
  }
}
