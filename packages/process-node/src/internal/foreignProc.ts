/**
 * The processes of our pid namespace, from a `/proc` of the namespace around it: after `unshare --pid --fork` without
 * `--mount-proc`, and where a container is given the `/proc` of its host. There each has another pid. `NSpid` in its
 * status has all of its pids, from the one in that `/proc` to the one in the namespace that it is in itself.
 *
 * It serves to tell zombies from living members of a group. The first process of a namespace inherits them, and Node
 * never reaps what it has not started, so that `kill` finds the group there for ever.
 */
import * as ProcStat from "@tether/host/ProcStat"
import type { Machine } from "./machine.js"
import * as procfs from "./procfs.js"

interface Status {
  readonly parent: number
  readonly pids: ReadonlyArray<number>
  readonly groups: ReadonlyArray<number>
  readonly sessions: ReadonlyArray<number>
}

export const make = (): Pick<Machine, "list" | "infoOf"> => {
  /** By our pids, those in that `/proc`, as of the last list. */
  let outside: ReadonlyMap<number, number> = new Map()
  return {
    list: () => {
      try {
        const listed = listNow()
        outside = new Map(listed?.map(([stat, pid]) => [stat.pid, pid]))
        return listed?.map(([stat]) => stat)
      } catch {
        return undefined
      }
    },
    infoOf: (stat) => procfs.infoOf(stat, outside.get(stat.pid))
  }
}

/** Each with its pid in `/proc`. Undefined where that is not of a namespace around ours: then we are not in it. */
const listNow = (): ReadonlyArray<readonly [ProcStat.ProcStat, number]> | undefined => {
  const own = statusOf("self")
  const namespace = procfs.linkOf("/proc/self/ns/pid")
  if (own === undefined || namespace === undefined) return undefined
  const at = own.pids.length - 1
  const statuses = new Map<number, Status>()
  for (const pid of procfs.pidsNow()) {
    const status = statusOf(pid)
    if (status !== undefined && status.pids.length > at) statuses.set(pid, status)
  }
  const isInside = (pid: number): boolean => {
    const status = statuses.get(pid)
    if (status === undefined) return false
    const its = procfs.linkOf(`/proc/${pid}/ns/pid`)
    if (its === namespace) return true
    // In a namespace below ours, or of another user, who does not show it: where its parent is.
    return (its === undefined || status.pids.length - 1 > at) && isInside(status.parent)
  }
  return [...statuses].flatMap(([pid, status]): ReadonlyArray<readonly [ProcStat.ProcStat, number]> => {
    if (!isInside(pid)) return []
    const stat = ProcStat.parse(procfs.textOrGone(`/proc/${pid}/stat`) ?? "")
    if (stat === undefined) return []
    const numberOf = (numbers: ReadonlyArray<number> | undefined) => numbers?.[at] ?? 0
    const translated = {
      pid: numberOf(status.pids),
      parent: numberOf(statuses.get(status.parent)?.pids),
      group: numberOf(status.groups),
      session: numberOf(status.sessions)
    }
    return [[{ ...stat, ...translated }, pid]]
  })
}

const statusOf = (pid: number | "self"): Status | undefined => {
  const text = procfs.textOrGone(`/proc/${pid}/status`)
  const numbers = (name: string) => {
    const line = new RegExp(`^${name}:\\s+(\\d.*)$`, "m").exec(text ?? "")?.[1]
    return line?.split(/\s+/).map(Number) ?? []
  }
  const pids = numbers("NSpid")
  // Before Linux 4.1 there is none.
  if (pids.length === 0) return undefined
  return { parent: numbers("PPid")[0] ?? 0, pids, groups: numbers("NSpgid"), sessions: numbers("NSsid") }
}
