/**
 * What is asked of the operating system about its processes: the one place where platforms differ. All of it is read
 * synchronously, because a verdict about a process must not be older than the signal that follows it.
 */
import { type Here, type Identity, judge, type Liveness } from "@tether/host/ProcessIdentity"
import type { ProcessInfo } from "@tether/host/ProcessInfo"
import * as ProcStat from "@tether/host/ProcStat"

/** The user ids of a process: three different ones only where a program runs setuid, or has set them itself. */
export interface Owners {
  readonly real: number
  readonly effective: number
  readonly saved: number
}

export interface Machine {
  readonly here: Here
  /** Whether the environment of other processes can be read, so that a tree can be found by it. */
  readonly seesTrees: boolean
  /** Whether an answer is there at once, and not from a spawn. */
  readonly isDirect: boolean
  /** All processes; undefined where that could not be read. Throws nothing. */
  readonly list: () => ReadonlyArray<ProcStat.ProcStat> | undefined
  /** The same without a look at each. Throws nothing. */
  readonly pids: () => ReadonlyArray<number> | undefined
  /** Undefined also where it could not be read: see `isGone`. Throws nothing. */
  readonly find: (pid: number) => ProcStat.ProcStat | undefined
  /** The same, as it was when `pids` was asked last: good enough to look at, and not to send a signal to. */
  readonly listed: (pid: number) => ProcStat.ProcStat | undefined
  /** Whether this is a thread of a process with another pid: threads have pids of the same row, and answer to them. */
  readonly isThread: (pid: number) => boolean
  /**
   * The value of `TETHER_TREE` in a process's environment, or "" if that is empty. Undefined also if it may not be
   * read.
   */
  readonly treeOf: (pid: number) => string | undefined
  /** The value of `TETHER_LABEL` in a process's environment. Undefined also if it cannot be read. */
  readonly labelOf: (pid: number) => string | undefined
  /** Whether a process has the environment of a tmux pane. False also where that cannot be told. */
  readonly isInTmux: (pid: number) => boolean
  /** Whose rights a process has. Undefined where that cannot be told. */
  readonly ownersOf: (pid: number) => Owners | undefined
  /** Whether a process is in the cgroup of this program, or that cannot be told. */
  readonly sharesCgroup: (pid: number) => boolean
  readonly infoOf: (stat: ProcStat.ProcStat) => ProcessInfo
  /** The pid that was given out last, by which it is told whether a process was made meanwhile. */
  readonly lastPid: () => number | undefined
  /** After so many at most, pids are used again. */
  readonly pidMax: number
  /** What these descriptors of a process are, as the system names it. */
  readonly linksOf: (pid: number, fds: ReadonlyArray<number>) => ReadonlyArray<string | undefined>
  readonly holdersOf: (link: string) => ReadonlyArray<ProcStat.ProcStat>
}

export const identify = (machine: Machine, pid: number): Identity | undefined => {
  const stat = machine.find(pid)
  return (
    stat && { pid, startToken: stat.startTicks, bootId: machine.here.bootId, pidNamespace: machine.here.pidNamespace }
  )
}

export const livenessOf = (machine: Machine, identity: Identity): Liveness => {
  const stat = machine.find(identity.pid)
  return judge(
    identity,
    machine.here,
    stat === undefined
      ? exists(identity.pid)
        ? "unreadable"
        : "missing"
      : { startToken: stat.startTicks, isRunning: ProcStat.isRunning(stat) }
  )
}

/** Needs neither a descriptor nor a spawn: where both have run out, a process that cannot be read is not a dead one. */
export const exists = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH"
  }
}

/** Whether there is such a process, and we may signal it. Others' may be hidden from us, and are not ours. */
export const mayBeOurs = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Whether it is known at this moment that exactly this process runs: what a signal needs. */
export const isAlive = (machine: Machine, { pid, startTicks }: ProcStat.ProcStat): boolean => {
  const stat = machine.find(pid)
  return stat !== undefined && stat.startTicks === startTicks && ProcStat.isRunning(stat)
}

/** Whether it is known that this process does not run any more: what a proof needs. */
export const isGone = (machine: Machine, { pid, startTicks }: ProcStat.ProcStat): boolean => {
  const stat = machine.find(pid)
  return stat === undefined ? !exists(pid) : stat.startTicks !== startTicks || !ProcStat.isRunning(stat)
}
