/**
 * The fields of `/proc/<pid>/stat` that tell one process from another.
 */

/**
 * What one `/proc/<pid>/stat` says of its process.
 *
 * `startTicks` is the start token: clock ticks since boot at which the process began, field 22, kept as text
 * because it is compared and never computed with. `environmentAt` is where in its memory its environment begins, field
 * 50: "0" for one that is in the middle of an `execve`, for a thread of the kernel, and where it is not shown.
 * `terminal` is the device number of its controlling terminal, field 7, or 0 without one; `foregroundGroup` is the
 * process group that the terminal's keys reach, field 8.
 *
 * @example
 * ```ts
 * import type { ProcStat } from "@tether/host/ProcStat"
 *
 * const isZombie = (stat: ProcStat) => stat.state === "Z"
 * ```
 */
export interface ProcStat {
  readonly pid: number
  readonly name: string
  readonly state: string
  readonly parent: number
  readonly group: number
  readonly session: number
  readonly terminal: number
  readonly foregroundGroup: number
  readonly exiting: boolean
  readonly startTicks: string
  readonly environmentAt: string
  readonly isKernelThread: boolean
}

// PF_EXITING of the kernel's <linux/sched.h>: set before the process gives up its descriptors.
const exitingFlag = 0x4
// PF_KTHREAD
const kernelFlag = 0x200000

/**
 * Reads one `/proc/<pid>/stat`. Answers `undefined` for a text that is not one.
 *
 * The second field is the program's name in parentheses and may itself hold spaces, parentheses and newlines, so the
 * fields are counted from the last parenthesis.
 *
 * @example
 * ```ts
 * import * as ProcStat from "@tether/host/ProcStat"
 *
 * const stat = ProcStat.parse("7 (a) b) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0")
 * console.log(stat?.name, stat?.startTicks) // a) b 4711
 * ```
 */
export const parse = (text: string): ProcStat | undefined => {
  const open = text.indexOf("(")
  const close = text.lastIndexOf(")")
  if (open === -1 || close < open) return undefined
  const fields = text
    .slice(close + 2)
    .trimEnd()
    .split(" ")
  const [state, parent, group, session, terminal, foregroundGroup] = fields
  const flags = fields[6]
  const startTicks = fields[19]
  const pid = Number(text.slice(0, open))
  if (state === undefined || flags === undefined || startTicks === undefined || !Number.isInteger(pid)) return undefined
  return {
    pid,
    name: text.slice(open + 1, close),
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    terminal: Number(terminal),
    foregroundGroup: Number(foregroundGroup),
    exiting: (Number(flags) & exitingFlag) !== 0,
    startTicks,
    environmentAt: fields[47] ?? "0",
    isKernelThread: (Number(flags) & kernelFlag) !== 0
  }
}

/**
 * Whether the process still runs. A zombie does not: it has ended and waits to be read by its parent.
 *
 * @example
 * ```ts
 * import * as ProcStat from "@tether/host/ProcStat"
 *
 * const living = (text: string) => {
 *   const stat = ProcStat.parse(text)
 *   return stat !== undefined && ProcStat.isRunning(stat)
 * }
 * ```
 */
export const isRunning = (stat: ProcStat): boolean => stat.state !== "Z" && stat.state !== "X" && stat.state !== "x"
