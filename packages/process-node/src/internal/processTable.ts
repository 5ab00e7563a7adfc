/**
 * All processes, read at most once in a few milliseconds whoever asks.
 */
import type * as ProcStat from "@tether/host/ProcStat"
import type { Machine } from "./machine.js"
import { monotonic } from "./realTime.js"

export interface ProcessTable {
  readonly list: () => ReadonlyArray<ProcStat.ProcStat> | undefined
  /** The number of the reading that `list` answered from: two answers from one reading are one piece of evidence. */
  readonly reading: () => number
  /** The pid that had been given out last when that reading began. Undefined where that is not told. */
  readonly lastPid: () => number | undefined
}

/** How long one reading serves, in milliseconds. It can only be wrong about who is gone. */
const freshFor = 5

export const makeProcessTable = (machine: Machine): ProcessTable => {
  let processes: ReadonlyArray<ProcStat.ProcStat> | undefined
  let readings = 0
  let readAt = Number.NEGATIVE_INFINITY
  let lastPid: number | undefined
  return {
    list: () => {
      if (monotonic() - readAt > freshFor) {
        lastPid = machine.lastPid()
        processes = machine.list()
        readAt = monotonic()
        readings++
      }
      return processes
    },
    reading: () => readings,
    lastPid: () => lastPid
  }
}
