/**
 * The processes that are ours and were not there before: those that live, and those that wait to be reaped.
 */
import * as ProcessInfo from "@tether/host/ProcessInfo"
import * as ProcStat from "@tether/host/ProcStat"
import * as TreeCookie from "@tether/host/TreeCookie"
import * as Processes from "./processes.js"

/** Everybody who was there, and those of them that were zombies. */
export interface Before {
  readonly all: ReadonlySet<string>
  readonly zombies: ReadonlySet<string>
}

export const look = (): Before => {
  const all = Processes.list()
  return {
    all: new Set(all.map(Processes.keyOf)),
    zombies: new Set(all.filter((stat) => !ProcStat.isRunning(stat)).map(Processes.keyOf))
  }
}

const longestCommand = 80

/** A line for each. `originOf` tells where a process was started, if this program has started it itself. */
export const leaked = (before: Before, originOf: (pid: number) => string | undefined): ReadonlyArray<string> => {
  const all = Processes.list()
  const parents = new Map(all.map((stat) => [stat.pid, stat.parent]))
  const named = (stat: ProcStat.ProcStat): string => {
    const origin = lineage(stat.pid, parents)
      .map(originOf)
      .find((each) => each !== undefined)
    return `${stat.pid} (${ProcessInfo.commandLine(Processes.infoOf(stat), longestCommand)})${origin ?? ""}`
  }
  const living = all.filter(
    (stat) => ProcStat.isRunning(stat) && !before.all.has(Processes.keyOf(stat)) && isOurs(stat, parents)
  )
  const zombies = all.filter(
    (stat) => stat.state === "Z" && stat.parent === process.pid && !before.zombies.has(Processes.keyOf(stat))
  )
  return [...living.map((stat) => `child ${named(stat)}`), ...zombies.map((stat) => `zombie ${named(stat)}`)]
}

/**
 * Whether it is the reaper of this program, which stays as long as the program does, or something that it has started.
 */
export const isReaper = (pid: number): boolean => {
  const stat = Processes.statOf(pid)
  return stat !== undefined && stepIn(stat) === "reaper"
}

const isOurs = (stat: ProcStat.ProcStat, parents: ReadonlyMap<number, number>): boolean => {
  if (stat.pid === process.pid) return false
  const step = stepIn(stat)
  return step === undefined ? lineage(stat.pid, parents).includes(process.pid) : step === "child"
}

/** What it is to this program, by its cookie. */
const stepIn = (stat: ProcStat.ProcStat): "child" | "reaper" | undefined => {
  const assignment = `${TreeCookie.variable}=`
  const value = Processes.environmentOf(stat).find((entry) => entry.startsWith(assignment))
  const path = value === undefined ? [] : TreeCookie.parse(value.slice(assignment.length))
  const startToken = Processes.statOf(process.pid)?.startTicks
  const isUs = ({ host }: TreeCookie.Step) => host.pid === process.pid && host.startToken === startToken
  const last = path.at(-1)
  if (last?.kind === "reaper" && isUs(last)) return "reaper"
  return path.some(isUs) ? "child" : undefined
}

/** Itself, its parent, the parent's parent, and so on. */
const lineage = (pid: number, parents: ReadonlyMap<number, number>): ReadonlyArray<number> => {
  const line: Array<number> = []
  // Who ended while all were read may have left its pid to one of its children.
  for (let at: number | undefined = pid; at !== undefined && !line.includes(at); at = parents.get(at)) line.push(at)
  return line
}
