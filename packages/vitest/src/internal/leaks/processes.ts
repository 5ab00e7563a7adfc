/**
 * The processes of this machine, from `/proc`.
 */
import type { ProcessInfo } from "@tether/host/ProcessInfo"
import * as ProcStat from "@tether/host/ProcStat"
import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { now } from "./realTime.js"

/** Whether `/proc` is there and shows the processes that we see ourselves. */
export const areVisible = (): boolean => {
  try {
    return readlinkSync("/proc/self") === String(process.pid)
  } catch {
    return false
  }
}

export const list = (): ReadonlyArray<ProcStat.ProcStat> =>
  readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (statOf(Number(name)) ?? []) : []))

export const statOf = (pid: number): ProcStat.ProcStat | undefined => {
  const text = textOf(`/proc/${pid}/stat`)
  return text === undefined ? undefined : ProcStat.parse(text)
}

/** One process, told from every other that has or had its pid. */
export const keyOf = ({ pid, startTicks }: ProcStat.ProcStat): string => `${pid} ${startTicks}`

/** Its command and when it was started. A zombie has no command any more, and is named by its program. */
export const infoOf = (stat: ProcStat.ProcStat): ProcessInfo => {
  const words = textOf(`/proc/${stat.pid}/cmdline`)
    ?.split("\0")
    .filter((word) => word !== "")
    .join(" ")
  const boot = /^btime (\d+)$/m.exec(textOf("/proc/stat") ?? "")?.[1]
  return {
    pid: stat.pid,
    command: words === undefined || words === "" ? `[${stat.name}]` : words,
    // A hundred clock ticks a second, fixed by the kernel's interface.
    startedAt: boot === undefined ? undefined : Number(boot) * 1000 + Number(stat.startTicks) * 10
  }
}

/** The entries of its environment, byte for byte as latin1. None where they may not be read. */
export const environmentOf = (stat: ProcStat.ProcStat): ReadonlyArray<string> => {
  const deadline = now() + execTime
  let before = stat
  while (true) {
    const text = textOf(`/proc/${stat.pid}/environ`, "latin1")
    if (text === undefined) return []
    if (text !== "") return text.split("\0")
    const after = statOf(stat.pid)
    if (after === undefined || !mayHaveOne(after) || isSettled(before, after) || now() > deadline) return []
    before = after
    nap()
  }
}

const mayHaveOne = (stat: ProcStat.ProcStat): boolean =>
  !stat.isKernelThread && !stat.exiting && ProcStat.isRunning(stat)

/**
 * In the middle of an `execve` a process has no environment, and a moment later it has, at another place. At the same
 * place before and after the look, it has none for good.
 */
const isSettled = (before: ProcStat.ProcStat, after: ProcStat.ProcStat): boolean =>
  before.environmentAt !== "0" && before.environmentAt === after.environmentAt

/**
 * How long such a moment is waited for, in milliseconds. On a busy machine it can take several turns of the scheduler.
 */
const execTime = 500

/** Leaves the processor to whoever is in such a moment. */
const nap = (): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
}

const textOf = (path: string, encoding: "utf8" | "latin1" = "utf8"): string | undefined => {
  try {
    return readFileSync(path, encoding)
  } catch {
    return undefined
  }
}
