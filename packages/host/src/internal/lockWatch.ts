/**
 * What a claimant has seen of owners of whom nothing else can be told.
 */
import type { Seen } from "./lockFile.js"

/** Remembers for how long the files of such owners have not changed. */
export interface Watch {
  /** `date` is compared with that of the file, and `now`, in milliseconds of `ActiveTime`, with earlier looks. */
  readonly isStale: (name: string, seen: Seen, date: number, now: number) => boolean
}

/** A file as it was last seen, `at` which time, and `for` how long it had not changed then. */
interface Watched {
  readonly id: string
  readonly refreshedAt: number
  readonly at: number
  readonly for: number
}

/**
 * Such an owner has lost its lock if it was seen for `staleAfter` without a refresh. If the file's time says so
 * already, two refreshes that do not come are enough: the time alone may be that of another clock, or from before the
 * machine was suspended. For that reason too, time in which nobody looked does not count.
 */
export const makeWatch = (staleAfter: number, refreshEvery: number): Watch => {
  const watched = new Map<string, Watched>()
  return {
    isStale: (name, seen, date, now) => {
      const before = watched.get(name)
      const same = before !== undefined && before.id === seen.id && before.refreshedAt === seen.refreshedAt
      const unchanged = same ? before.for + Math.max(0, Math.min(now - before.at, refreshEvery)) : 0
      watched.set(name, { id: seen.id, refreshedAt: seen.refreshedAt, at: now, for: unchanged })
      const unrefreshed = date - seen.refreshedAt >= staleAfter
      return unchanged >= staleAfter || (unrefreshed && unchanged >= Math.min(2 * refreshEvery, staleAfter))
    }
  }
}
