/**
 * Processes whose host is dead: what survives when a host and its reaper are killed together.
 */
import type { Identity, Liveness } from "@tether/host/ProcessIdentity"
import type { ProcessInfo } from "@tether/host/ProcessInfo"
import * as ProcStat from "@tether/host/ProcStat"
import * as TreeCookie from "@tether/host/TreeCookie"
import { isAlive, livenessOf, type Machine } from "./machine.js"

/** A process of this user with a cookie. */
export interface Carrier {
  readonly stat: ProcStat.ProcStat
  readonly tree: string
  readonly path: ReadonlyArray<TreeCookie.Step>
}

export interface Orphan extends Carrier {
  readonly info: ProcessInfo
  /** The step of the path whose host is dead. */
  readonly lost: TreeCookie.Step
}

export const carriers = (machine: Machine): ReadonlyArray<Carrier> => {
  const uid = process.geteuid?.()
  return (machine.pids() ?? []).flatMap((pid) => {
    const tree = pid === process.pid ? undefined : machine.treeOf(pid)
    if (tree === undefined || tree === "" || machine.ownerOf(pid) !== uid) return []
    const stat = machine.listed(pid)
    return stat !== undefined && ProcStat.isRunning(stat) ? [{ stat, tree, path: TreeCookie.parse(tree) }] : []
  })
}

/**
 * The verdicts on hosts, each asked for once. A host of another boot is no dead one here: its process runs, so that it
 * is of this boot, and somebody shows boot ids of their own making, as systemd-nspawn does in its containers.
 */
export const judgeOf = (machine: Machine): ((step: TreeCookie.Step) => Liveness) => {
  const verdicts = new Map<string, Liveness>()
  const { bootId, pidNamespace } = machine.here
  const isHere = (host: Identity) => host.bootId === bootId && host.pidNamespace === pidNamespace
  return ({ host }) => {
    const key = TreeCookie.formatHost(host, "")
    const verdict = verdicts.get(key) ?? (isHere(host) ? livenessOf(machine, host) : "unknown")
    verdicts.set(key, verdict)
    return verdict
  }
}

/**
 * Those of them that have lost a host. A reaper is none: it is what remains of a host, and ends by itself. Neither is
 * what a host was told to leave, nor what a reaper is at work on, which knows more of it. A host that cannot be told
 * dead or alive, such as one in another pid namespace, is taken for alive.
 */
export const findOrphans = (machine: Machine): ReadonlyArray<Orphan> => {
  const judge = judgeOf(machine)
  const all = carriers(machine)
  // One that is stopped does no work.
  const attended = new Set(
    all.flatMap(({ path, stat }) => {
      const last = path.at(-1)
      return last?.kind === "reaper" && stat.state !== "T" ? [hostOf(last)] : []
    })
  )
  const orphans = all.flatMap((carrier): ReadonlyArray<Orphan> => {
    const { path, stat } = carrier
    if (path.at(-1)?.kind === "reaper") return []
    const lost = path.find((step) => step.kind === "child" && !attended.has(hostOf(step)) && judge(step) === "gone")
    return lost === undefined ? [] : [{ ...carrier, info: machine.infoOf(stat), lost }]
  })
  return orphans.length === 0 ? orphans : [...orphans, ...matesOf(machine, orphans)]
}

/**
 * Members of the groups of orphans that have lost their cookie. Once its last orphan is gone, nothing shows a group.
 */
const matesOf = (machine: Machine, orphans: ReadonlyArray<Orphan>): ReadonlyArray<Orphan> => {
  const byGroup = new Map(orphans.map((orphan) => [orphan.stat.group, orphan]))
  const known = new Set(orphans.map(({ stat }) => stat.pid))
  return (machine.list() ?? []).flatMap((stat): ReadonlyArray<Orphan> => {
    const orphan = byGroup.get(stat.group)
    if (orphan === undefined || known.has(stat.pid) || stat.group === ownGroup(machine) || !ProcStat.isRunning(stat))
      return []
    const tree = machine.treeOf(stat.pid) ?? ""
    return tree === "" ? [{ ...orphan, stat, tree, info: machine.infoOf(stat) }] : []
  })
}

const ownGroup = (machine: Machine): number | undefined => machine.find(process.pid)?.group

const hostOf = ({ host, instance }: TreeCookie.Step): string => TreeCookie.formatHost(host, instance)

/**
 * Sends a signal to a single process, if it is still the one that was looked at. Before a KILL it is stopped and looked
 * at again: a stopped process can neither leave its pid to another nor change what it is.
 */
export const signalOne = (
  machine: Machine,
  stat: ProcStat.ProcStat,
  signal: NodeJS.Signals,
  isConfirmed: () => boolean = () => isAlive(machine, stat)
): boolean => {
  if (!isAlive(machine, stat)) return false
  try {
    if (signal !== "SIGKILL") return process.kill(stat.pid, signal)
    process.kill(stat.pid, "SIGSTOP")
    // A leader that is confirmed shows that its group is what it was, members without a cookie included.
    const leads = machine.find(stat.pid)?.group === stat.pid
    if (isConfirmed()) return process.kill(leads ? -stat.pid : stat.pid, "SIGKILL")
    process.kill(stat.pid, "SIGCONT")
    return false
  } catch {
    return false
  }
}

export const killOrphan = (machine: Machine, { stat, tree }: Orphan): boolean =>
  signalOne(machine, stat, "SIGKILL", () => (machine.treeOf(stat.pid) ?? "") === tree && isAlive(machine, stat))

/** How often what is ended is looked for again: it may have forked meanwhile. */
const passes = 5

/** Kills all orphans of this user at once, without waiting for their end, and tells which there were. */
export const killOrphans = (machine: Machine): ReadonlyArray<ProcessInfo> => {
  const killed = new Map<number, ProcessInfo>()
  for (let pass = 0; pass < passes; pass++) {
    const orphans = findOrphans(machine).filter(({ stat }) => !killed.has(stat.pid))
    if (orphans.length === 0) break
    for (const orphan of orphans) if (killOrphan(machine, orphan)) killed.set(orphan.stat.pid, orphan.info)
  }
  return [...killed.values()]
}
