/**
 * Processes whose host is dead: what survives when a host and its reaper are killed together.
 *
 * A cookie is text that anybody can make up, so that it justifies little: a signal to the process that carries it, if
 * its host is on record and dead, and if the process belongs to the owner of that host. Its group mates prove nothing
 * by being there; the processes that it has started do.
 */
import type { Identity, Liveness } from "@tether/host/ProcessIdentity"
import type { ProcessInfo } from "@tether/host/ProcessInfo"
import * as ProcStat from "@tether/host/ProcStat"
import * as TreeCookie from "@tether/host/TreeCookie"
import {
  type HostRecord,
  isReaperOf,
  readRecord,
  reaperTime,
  recordedHosts,
  removeIfOld,
  removeRecord,
  timeNamespace
} from "./hostRecord.js"
import { identify, isAlive, livenessOf, type Machine, type Owners } from "./machine.js"

/** A process other than this one, with a cookie that can be read. */
export interface Carrier {
  readonly stat: ProcStat.ProcStat
  readonly tree: string
  readonly path: ReadonlyArray<TreeCookie.Step>
}

export interface Orphan extends Carrier {
  readonly info: ProcessInfo
  readonly owners: Owners
  /** The step of the path whose host is dead, and its record. */
  readonly lost: TreeCookie.Step
  readonly record: HostRecord
  /** It belongs to somebody other than its host, or runs with other rights: it is named, and not signalled. */
  readonly isForeign: boolean
}

export const carriers = (machine: Machine): ReadonlyArray<Carrier> =>
  (machine.pids() ?? []).flatMap((pid) => {
    const tree = pid === process.pid ? undefined : machine.treeOf(pid)
    if (tree === undefined || tree === "") return []
    const stat = machine.listed(pid)
    return stat !== undefined && ProcStat.isRunning(stat) ? [{ stat, tree, path: TreeCookie.parse(tree) }] : []
  })

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

export const nameOf = ({ host, instance }: TreeCookie.Step): string => TreeCookie.formatHost(host, instance)

/** Whether a process may be signalled because of a cookie: all that it is belongs to the owner of the host. */
export const mayBeSignalled = ({ effective, real, saved }: Owners, uids: ReadonlySet<number>): boolean =>
  real === effective && real === saved && uids.has(real)

/**
 * The hosts on record that are dead, by their names. What nothing can be told of for a week is forgotten on the way.
 */
const deadHosts = (machine: Machine): Map<string, HostRecord> => {
  const judge = judgeOf(machine)
  const time = timeNamespace()
  const dead = new Map<string, HostRecord>()
  for (const name of recordedHosts()) {
    const [step] = TreeCookie.parse(`/${name}.r`)
    const liveness = step === undefined ? "unknown" : judge(step)
    if (liveness === "alive") continue
    const record = readRecord(name)
    if (record === undefined) continue
    // What was read in another time namespace is another number here, also of a process that lives.
    if (liveness === "gone" && record.timeNamespace === time) dead.set(name, record)
    else removeIfOld(record)
  }
  return dead
}

/** Whether it is a reaper that still has its time, or one of its tools. */
const isExempt = (machine: Machine, { path, stat }: Carrier): boolean => {
  const last = path.at(-1)
  if (last?.kind !== "reaper") return false
  const record = readRecord(nameOf(last))
  return isOfReaper(machine, record, stat) && !isOverdue(record)
}

/** From a reaper to a tool of a pipe in a subshell. */
const generations = 3

/** Whether a host has a process on record as its reaper, or one of its parents: the reaper's tools run below it. */
export const isOfReaper = (machine: Machine, record: HostRecord | undefined, stat: ProcStat.ProcStat): boolean => {
  let at: ProcStat.ProcStat | undefined = stat
  for (let above = 0; at !== undefined && above <= generations; above++) {
    if (isReaperOf(record, { pid: at.pid, startToken: at.startTicks })) return true
    at = machine.find(at.parent)
  }
  return false
}

const isOverdue = (record: HostRecord | undefined): boolean =>
  // A date in the future is of before the clock was set back.
  record?.diedAt !== undefined && Math.abs(Date.now() - record.diedAt) > reaperTime

/** Tells by its path whether a process was started by a host in this program, which stops it itself. */
const startedHere = (machine: Machine): ((carrier: Carrier) => boolean) => {
  const own = identify(machine, process.pid)
  const isOwn = ({ host }: TreeCookie.Step) =>
    host.pid === own?.pid && host.startToken === own.startToken && host.pidNamespace === own.pidNamespace
  return ({ path }) => path.some(isOwn)
}

/**
 * Those that have lost a host, those that must be left alone among them. A reaper at its work is none, and neither is
 * what a host was told to leave, nor what a reaper is at work on, which knows more of it. A host that cannot be told
 * dead or alive, such as one in another pid namespace, is taken for alive.
 *
 * This program and what its own hosts have started are none either, also where this program runs below a dead host.
 */
export const findOrphans = (machine: Machine): ReadonlyArray<Orphan> => {
  const dead = deadHosts(machine)
  if (dead.size === 0) return []
  const all = carriers(machine)
  const exempt = new Set(all.filter((carrier) => isExempt(machine, carrier)).map(({ stat }) => stat.pid))
  // One that is stopped does no work.
  const attended = new Set(
    all.flatMap(({ path, stat }) => {
      const last = path.at(-1)
      return last !== undefined && exempt.has(stat.pid) && stat.state !== "T" ? [nameOf(last)] : []
    })
  )
  const isStartedHere = startedHere(machine)
  const orphans = all.flatMap((carrier): ReadonlyArray<Orphan> => {
    const { path, stat } = carrier
    if (exempt.has(stat.pid) || isStartedHere(carrier)) return []
    // What calls itself a reaper and is none is taken for a child.
    const lost = path.find((step) => step.kind !== "leavable" && dead.has(nameOf(step)) && !attended.has(nameOf(step)))
    const record = lost && dead.get(nameOf(lost))
    return lost === undefined || record === undefined ? [] : found(machine, carrier, lost, record)
  })
  // Only what has nothing left is forgotten; a reaper at its work forgets its host by itself. If this program runs
  // below the dead host, later starts need the record to end this program.
  const paths = [TreeCookie.parse(machine.treeOf(process.pid) ?? ""), ...all.map(({ path }) => path)]
  for (const [name, record] of dead) {
    const isNeeded = (step: TreeCookie.Step) => nameOf(step) === name
    if (!paths.some((path) => path.some(isNeeded))) removeRecord(record)
  }
  return orphans.length === 0 ? orphans : [...orphans, ...descendantsOf(machine, orphans)]
}

const found = (
  machine: Machine,
  carrier: Carrier,
  lost: TreeCookie.Step,
  record: HostRecord
): ReadonlyArray<Orphan> => {
  const { stat } = carrier
  const owners = machine.ownersOf(stat.pid)
  if (owners === undefined) return []
  const isForeign = !mayBeSignalled(owners, record.uids)
  return [{ ...carrier, info: machine.infoOf(stat), owners, lost, record, isForeign }]
}

/**
 * What orphans have started and what has no cookie, by parents that still live. Nothing is concluded from a foreign
 * one: a setuid program can be started by anybody.
 */
const descendantsOf = (machine: Machine, orphans: ReadonlyArray<Orphan>): ReadonlyArray<Orphan> => {
  const known = new Map(orphans.map((orphan) => [orphan.stat.pid, orphan]))
  const stats = machine.list() ?? []
  const descendants: Array<Orphan> = []
  for (let hasMore = true; hasMore;) {
    hasMore = false
    for (const stat of stats) {
      if (stat.pid === process.pid) continue
      const parent = known.get(stat.parent)
      if (parent === undefined || parent.isForeign || known.has(stat.pid) || !ProcStat.isRunning(stat)) continue
      const tree = machine.treeOf(stat.pid) ?? ""
      if (tree !== "") continue
      for (const orphan of found(machine, { ...parent, stat, tree }, parent.lost, parent.record)) {
        known.set(stat.pid, orphan)
        descendants.push(orphan)
        hasMore = true
      }
    }
  }
  return descendants
}

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
    if (isConfirmed()) return process.kill(stat.pid, "SIGKILL")
    process.kill(stat.pid, "SIGCONT")
    return false
  } catch {
    return false
  }
}

/** Signals one, unless it is foreign by now: a process may execute a setuid program at any time. */
export const signalOrphan = (machine: Machine, orphan: Orphan, signal: NodeJS.Signals): boolean => {
  const { record, stat, tree } = orphan
  const isStillOurs = () => {
    const owners = machine.ownersOf(stat.pid)
    return owners !== undefined && mayBeSignalled(owners, record.uids)
  }
  if (orphan.isForeign || !isStillOurs()) return false
  return signalOne(
    machine,
    stat,
    signal,
    () => isStillOurs() && (machine.treeOf(stat.pid) ?? "") === tree && isAlive(machine, stat)
  )
}

/** How often what is ended is looked for again: it may have forked meanwhile. */
const passes = 5

export interface Swept {
  readonly ended: ReadonlyArray<Orphan>
  /** Not signalled: foreign, or because it was only asked what there is. */
  readonly left: ReadonlyArray<Orphan>
}

/** Kills all orphans at once, without waiting for their end, and tells which there were. */
export const killOrphans = (machine: Machine): Swept => {
  const ended = new Map<number, Orphan>()
  const left = new Map<number, Orphan>()
  for (let pass = 0; pass < passes; pass++) {
    const orphans = findOrphans(machine).filter(({ stat }) => !ended.has(stat.pid))
    for (const orphan of orphans) if (orphan.isForeign) left.set(orphan.stat.pid, orphan)
    const ours = orphans.filter(({ isForeign }) => !isForeign)
    if (ours.length === 0) break
    for (const orphan of ours) if (signalOrphan(machine, orphan, "SIGKILL")) ended.set(orphan.stat.pid, orphan)
  }
  return { ended: [...ended.values()], left: [...left.values()] }
}
