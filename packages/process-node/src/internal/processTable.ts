/**
 * The machine's processes, from `/proc`. Read synchronously: the kernel answers from memory, and a hundred small reads
 * through the thread pool take ten times as long.
 */
import type { ProcessInfo } from "@tether/host/ProcessInfo"
import * as ProcStat from "@tether/host/ProcStat"
import { fstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs"
import type { Readable } from "node:stream"

export interface ProcessTable {
  /** The members of a process group that are no zombies, or undefined where that could not be read. */
  readonly living: (group: number) => ReadonlyArray<ProcStat.ProcStat> | undefined
  /** The number of the reading that `living` answered from: two answers from one reading are one piece of evidence. */
  readonly reading: () => number
  readonly infoOf: (stat: ProcStat.ProcStat) => ProcessInfo
  /** Whether a process is ending or has ended, and its parent may not know yet. */
  readonly isDying: (pid: number) => boolean
  /**
   * The processes that have the other end of a pipe of ours open. Only the child's own descriptors would tell for sure
   * which socket that is, and the child may have ended, so it is told from ours: Linux numbers the two sockets of a pair
   * one after the other, but for one pair in a thousand (measured), whose holder goes unnamed.
   */
  readonly holdersOf: (pipe: Readable | undefined) => ReadonlyArray<ProcessInfo>
}

/** How long one reading of all processes serves whoever asks, in milliseconds. It can only be wrong about who is gone. */
const freshFor = 5
/** Clock ticks a second in `/proc`, fixed by the kernel's interface whatever its own timer does. */
const ticksPerSecond = 100

const nothing: ProcessTable = {
  living: () => undefined,
  reading: () => 0,
  infoOf: (stat) => ({ pid: stat.pid, command: stat.name, startedAt: undefined }),
  isDying: () => false,
  holdersOf: () => []
}

export const makeProcessTable = (): ProcessTable => {
  if (statOf(process.pid) === undefined) return nothing
  let processes: ReadonlyArray<ProcStat.ProcStat> | undefined
  let readings = 0
  let readAt = Number.NEGATIVE_INFINITY
  let bootMillis: number | undefined

  const all = (): ReadonlyArray<ProcStat.ProcStat> | undefined => {
    const now = performance.now()
    if (now - readAt > freshFor) {
      processes = readAll()
      readAt = now
      readings++
    }
    return processes
  }

  const infoOf = (stat: ProcStat.ProcStat): ProcessInfo => {
    bootMillis ??= readBootMillis()
    return {
      pid: stat.pid,
      command: commandOf(stat),
      startedAt: bootMillis === undefined ? undefined : bootMillis + Number(stat.startTicks) * (1000 / ticksPerSecond)
    }
  }

  return {
    living: (group) => all()?.filter((stat) => stat.group === group && ProcStat.isRunning(stat)),
    reading: () => readings,
    infoOf,
    isDying: (pid) => {
      const stat = statOf(pid)
      return stat === undefined || stat.exiting || !ProcStat.isRunning(stat)
    },
    holdersOf: (pipe) => {
      const socket = pipe && peerOf(pipe)
      if (socket === undefined) return []
      return (all() ?? []).filter((stat) => stat.pid !== process.pid && holds(stat.pid, socket)).map(infoOf)
    }
  }
}

const peerOf = (pipe: Readable): string | undefined => {
  // Node has no public name for the descriptor of a pipe.
  const fd = (pipe as { readonly _handle?: { readonly fd?: unknown } | null })._handle?.fd
  return typeof fd === "number" && fd >= 0 ? `socket:[${fstatSync(fd).ino + 1}]` : undefined
}

/** All of them or undefined: with no descriptor left nothing can be read, and nothing read is not nobody there. */
const readAll = (): ReadonlyArray<ProcStat.ProcStat> | undefined => {
  const stats: Array<ProcStat.ProcStat> = []
  try {
    for (const pid of pids()) {
      const text = textOrGone(`/proc/${pid}/stat`)
      const stat = text === undefined ? undefined : ProcStat.parse(text)
      if (stat !== undefined) stats.push(stat)
    }
    return stats
  } catch {
    return undefined
  }
}

/** Undefined for a process that has ended since it was listed; throws where it cannot be read. */
const textOrGone = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === "ENOENT" || code === "ESRCH") return undefined
    throw error
  }
}

const pids = (): ReadonlyArray<number> => readdirSync("/proc").map(Number).filter(Number.isInteger)

const statOf = (pid: number): ProcStat.ProcStat | undefined => {
  const text = textOf(`/proc/${pid}/stat`)
  return text === undefined ? undefined : ProcStat.parse(text)
}

const commandOf = (stat: ProcStat.ProcStat): string => {
  const words = textOf(`/proc/${stat.pid}/cmdline`)?.split("\0").filter((word) => word !== "").join(" ")
  return words === undefined || words === "" ? `[${stat.name}]` : words
}

const holds = (pid: number, socket: string): boolean => {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === socket)
  } catch {
    // It has ended meanwhile, or belongs to somebody else.
    return false
  }
}

const readBootMillis = (): number | undefined => {
  const seconds = /^btime (\d+)$/m.exec(textOf("/proc/stat") ?? "")?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}

const linkOf = (path: string): string | undefined => {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
