/**
 * Living hosts with what they have started, from the cookies of all processes.
 */
import type * as ProcStat from "@tether/host/ProcStat"
import type { Step } from "@tether/host/TreeCookie"
import { isReaperOf, readRecord } from "./hostRecord.js"
import type { Machine } from "./machine.js"
import { type Carrier, carriers, judgeOf, nameOf } from "./orphans.js"

export interface LiveHost {
  readonly stat: ProcStat.ProcStat
  readonly reapers: Array<ProcStat.ProcStat>
  readonly children: Map<string, LiveChild>
}

export interface LiveChild {
  readonly step: Step
  /** The process with the lowest pid that was started for this child itself, and not for a child below it. */
  own: number | undefined
  /** Hosts that run below the child are among them. */
  readonly members: Map<number, ProcStat.ProcStat>
}

export interface LiveHosts {
  readonly all: ReadonlyMap<number, LiveHost>
  /** Those that run below no other. */
  readonly roots: ReadonlyArray<LiveHost>
}

export const findHosts = (machine: Machine): LiveHosts => {
  const judge = judgeOf(machine)
  const all = new Map<number, LiveHost>()
  const below = new Set<number>()

  const hostAt = (pid: number): LiveHost | undefined => {
    const stat = all.get(pid)?.stat ?? machine.find(pid)
    return stat && getOrMake(all, pid, () => ({ stat, reapers: [], children: new Map() }))
  }

  /** At the last step whose host lives. On the way there, each host is a member of the child before it. */
  const place = ({ path, stat }: Carrier): void => {
    const steps = path.filter((step) => judge(step) === "alive")
    for (const [at, step] of steps.entries()) {
      const host = hostAt(step.host.pid)
      const next = steps[at + 1]
      const member = next === undefined ? stat : hostAt(next.host.pid)?.stat
      // One of them has ended since it was judged.
      if (host === undefined || member === undefined) return
      if (step.kind === "reaper") {
        // Any process may call itself one.
        const name = { pid: member.pid, startToken: member.startTicks }
        if (isReaperOf(readRecord(nameOf(step)), name)) host.reapers.push(member)
      } else {
        const child = getOrMake(host.children, `${step.instance}.${step.child}`, () => ({
          step,
          own: undefined,
          members: new Map()
        }))
        if (step === path.at(-1)) child.own = Math.min(child.own ?? stat.pid, stat.pid)
        child.members.set(member.pid, member)
        if (member.pid !== host.stat.pid) below.add(member.pid)
      }
    }
  }

  for (const carrier of carriers(machine)) place(carrier)
  const roots = [...all.values()].filter(({ stat }) => !below.has(stat.pid))
  return { all, roots: roots.sort((one, other) => byAge(one.stat, other.stat)) }
}

/** The leader first, if it lives: the one that the host itself has started, and that leads its group. Then by age. */
export const membersOf = ({ members }: LiveChild, host: LiveHost): ReadonlyArray<ProcStat.ProcStat> => {
  const isLeader = ({ group, parent, pid }: ProcStat.ProcStat) => parent === host.stat.pid && group === pid
  return [...members.values()].sort(
    (one, other) => Number(isLeader(other)) - Number(isLeader(one)) || byAge(one, other)
  )
}

const byAge = (one: ProcStat.ProcStat, other: ProcStat.ProcStat): number =>
  Number(one.startTicks) - Number(other.startTicks) || one.pid - other.pid

const getOrMake = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}
