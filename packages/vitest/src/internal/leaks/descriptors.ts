/**
 * What the descriptors of this process point at.
 */
import { readdirSync, readlinkSync } from "node:fs"

/** Each by its number. */
export type Descriptors = ReadonlyMap<number, string>

export const look = (): Descriptors => {
  const found = new Map<number, string>()
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      found.set(Number(name), readlinkSync(`/proc/self/fd/${name}`))
    } catch {
      // The one that the listing itself had open.
    }
  }
  return found
}

/** Those that were not there before, or pointed at something else. */
export const added = (before: Descriptors): ReadonlyArray<readonly [number, string]> =>
  [...look()].filter(([fd, target]) => before.get(fd) !== target)
