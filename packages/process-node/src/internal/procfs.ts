/**
 * The processes of Linux, from `/proc`. The kernel answers from memory: a hundred small reads through the thread pool
 * take ten times as long as a hundred synchronous ones.
 */
import type { ProcessInfo } from "@tether/host/ProcessInfo"
import * as ProcStat from "@tether/host/ProcStat"
import * as TreeCookie from "@tether/host/TreeCookie"
import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import type { Machine, Owners } from "./machine.js"

/** Clock ticks a second in `/proc`, fixed by the kernel's interface whatever its own timer does. */
const ticksPerSecond = 100

/** Whose processes `/proc` shows: those of our pid namespace, of another one, or nobody's because it is not there. */
export const view = (): "own" | "other" | "none" => {
  if (linkOf("/proc/self") === String(process.pid)) return "own"
  return textOf("/proc/stat") === undefined ? "none" : "other"
}

/** The option by which `/proc` is mounted so that it hides the processes of others, as the kernel writes it. */
export const hidepid = (): string | undefined => {
  // What is mounted last lies over the others.
  const mount = (textOf("/proc/self/mountinfo") ?? "").split("\n").findLast((line) => line.split(" ")[4] === "/proc")
  return /[ ,]hidepid=([^ ,]+)/.exec(mount?.split(" - ")[1] ?? "")?.[1]
}

/** Undefined where there is no `/proc`, or where it shows another pid namespace than ours. */
export const make = (): Machine | undefined => {
  if (view() !== "own") return undefined
  return {
    here: {
      bootId: textOf("/proc/sys/kernel/random/boot_id")?.trim(),
      pidNamespace: linkOf("/proc/self/ns/pid"),
      seesEveryone: textOf("/proc/1/stat") !== undefined
    },
    seesTrees: true,
    isDirect: true,
    list,
    pids,
    find: statOf,
    listed: statOf,
    isThread: (pid) => {
      const process = /^Tgid:\s*(\d+)$/m.exec(textOf(`/proc/${pid}/status`) ?? "")?.[1]
      return process !== undefined && Number(process) !== pid
    },
    treeOf,
    labelOf: (pid) => valueOf(bytesOf(`/proc/${pid}/environ`) ?? Buffer.alloc(0), labelAssignment)?.toString("utf8"),
    isInTmux: (pid) => valueOf(bytesOf(`/proc/${pid}/environ`) ?? Buffer.alloc(0), tmuxAssignment) !== undefined,
    ownersOf,
    sharesCgroup: (pid) => {
      const own = textOf("/proc/self/cgroup")
      return own === undefined || (textOf(`/proc/${pid}/cgroup`) ?? own) === own
    },
    infoOf: (stat) => infoOf(stat),
    lastPid: () => {
      const last = textOf("/proc/loadavg")?.split(" ")[4]
      return last === undefined ? undefined : Number(last)
    },
    pidMax: Number(textOf("/proc/sys/kernel/pid_max") ?? 0),
    linksOf: (pid, fds) => fds.map((fd) => linkOf(`/proc/${pid}/fd/${fd}`)),
    holdersOf: (link) => (list() ?? []).filter((stat) => stat.pid !== process.pid && holds(stat.pid, link))
  }
}

/** All of them or undefined: with no descriptor left nothing can be read, and nothing read is not nobody there. */
const list = (): ReadonlyArray<ProcStat.ProcStat> | undefined => {
  const stats: Array<ProcStat.ProcStat> = []
  try {
    for (const pid of pidsNow()) {
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
export const textOrGone = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === "ENOENT" || code === "ESRCH") return undefined
    throw error
  }
}

const pids = (): ReadonlyArray<number> | undefined => {
  try {
    return pidsNow()
  } catch {
    return undefined
  }
}

export const pidsNow = (): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (const name of readdirSync("/proc")) {
    const first = name.charCodeAt(0)
    if (first >= 48 && first <= 57) found.push(Number(name))
  }
  return found
}

const statOf = (pid: number): ProcStat.ProcStat | undefined => {
  const text = textOf(`/proc/${pid}/stat`)
  return text === undefined ? undefined : ProcStat.parse(text)
}

const treeAssignment = Buffer.from(`\0${TreeCookie.variable}=`)
const labelAssignment = Buffer.from(`\0${TreeCookie.labelVariable}=`)
const tmuxAssignment = Buffer.from("\0TMUX=")

const treeOf = (pid: number): string | undefined => {
  const bytes = bytesOf(`/proc/${pid}/environ`)
  if (bytes === undefined) return undefined
  return bytes.length === 0 ? "" : valueOf(bytes, treeAssignment)?.toString("latin1")
}

const valueOf = (bytes: Buffer, assignment: Buffer): Buffer | undefined => {
  const atStart = bytes.subarray(0, assignment.length - 1).equals(assignment.subarray(1))
  const at = atStart ? 0 : bytes.indexOf(assignment) + 1
  if (!atStart && at === 0) return undefined
  const from = at + assignment.length - 1
  const end = bytes.indexOf(0, from)
  return bytes.subarray(from, end === -1 ? bytes.length : end)
}

const ownersOf = (pid: number): Owners | undefined => {
  const [, real, effective, saved] = /^Uid:\t(\d+)\t(\d+)\t(\d+)/m.exec(textOf(`/proc/${pid}/status`) ?? "") ?? []
  if (real === undefined || effective === undefined || saved === undefined) return undefined
  return { real: Number(real), effective: Number(effective), saved: Number(saved) }
}

/** `shown` is its pid in this `/proc`, if that is another. */
export const infoOf = (stat: ProcStat.ProcStat, shown = stat.pid): ProcessInfo => {
  bootMillis ??= readBootMillis()
  return {
    pid: stat.pid,
    command: commandOf(stat, shown),
    startedAt: bootMillis === undefined ? undefined : bootMillis + Number(stat.startTicks) * (1000 / ticksPerSecond)
  }
}

let bootMillis: number | undefined

const commandOf = (stat: ProcStat.ProcStat, shown: number): string => {
  const words = textOf(`/proc/${shown}/cmdline`)
    ?.split("\0")
    .filter((word) => word !== "")
    .join(" ")
  return words === undefined || words === "" ? `[${stat.name}]` : words
}

const holds = (pid: number, link: string): boolean => {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`) === link)
  } catch {
    // It has ended meanwhile, or belongs to somebody else.
    return false
  }
}

const readBootMillis = (): number | undefined => {
  const seconds = /^btime (\d+)$/m.exec(textOf("/proc/stat") ?? "")?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

const bytesOf = (path: string): Buffer | undefined => {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}

export const linkOf = (path: string): string | undefined => {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
