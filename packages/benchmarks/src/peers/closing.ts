/**
 * Children that take a while to stop, stopped together. The same for every library: what differs is how.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */
import { end, findUntil, isAlive, marked, newMark } from "../oracle.js"
import { isShell, isSleep, slow } from "../programs.js"
import type { Peer } from "../Row.js"

/** Starts so many of `sh -c script` with this in their environment too, and answers with what stops all of them. */
export type Open = (count: number, script: string, env: Record<string, string>) => Promise<() => Promise<unknown>>

export const closing =
  (open: Open): Peer =>
  async ({ children }) => {
    const mark = newMark()
    const close = await open(children, slow, marked(mark))
    // The trap is set before the sleep is started.
    const all = await findUntil(
      mark,
      (found) => found.filter(isShell).length === children && found.filter(isSleep).length === children
    )
    const begun = performance.now()
    await close()
    const millis = performance.now() - begun
    const left = all.filter(isAlive).length
    end(all)
    return { lines: 0, characters: 0, spawns: children, millis, left }
  }
