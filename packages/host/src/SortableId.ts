/**
 * Names that are unique, and in the order of time when they are sorted as text: ULIDs.
 */
import { monotonicFactory } from "ulid"

/**
 * Makes a source of ids: 26 characters, digits and capital letters, of which the first 10 are the time that is given,
 * in milliseconds since the epoch. Those of one source are in order also within a millisecond, and when the clock is
 * set back.
 *
 * @example
 * ```ts
 * import * as SortableId from "@tether/host/SortableId"
 *
 * const nextId = SortableId.make()
 * console.log(nextId(Date.now()) < nextId(Date.now())) // true
 * ```
 */
export const make = (): ((now: number) => string) => monotonicFactory(makeRandom())

/** By default the system would be asked sixteen times for each name, which takes longer than to write it. */
const makeRandom = (): (() => number) => {
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
