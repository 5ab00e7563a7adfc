/**
 * Children that say nothing, or said something once, and are kept. The same for every library: what differs is how.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */
import { heapInUse } from "../heap.js"
import { end, findUntil, isAlive, marked, newMark } from "../oracle.js"
import { isSleep } from "../programs.js"
import type { Peer } from "../Row.js"
import type { Open } from "./closing.js"

export const idling =
  (open: Open, script: string): Peer =>
  async ({ sleepers }) => {
    const mark = newMark()
    const before = await heapInUse()
    const begun = performance.now()
    const close = await open(sleepers, script, marked(mark))
    const millis = performance.now() - begun
    const isThere = (found: ReadonlyArray<Parameters<typeof isSleep>[0]>) => found.filter(isSleep).length === sleepers
    await findUntil(mark, isThere)
    // Which also gives time to read what they said.
    const memory = ((await heapInUse()) - before) / sleepers
    const all = await findUntil(mark, isThere)
    await close()
    const left = all.filter(isAlive).length
    end(all)
    return { lines: 0, characters: 0, spawns: all.length, memory, millis, left }
  }
