/**
 * A child at its level: the place that is made for it before it starts, and what it is contained in from then on.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import type * as ProcStat from "@tether/host/ProcStat"
import type { LaunchFailure, LaunchRequest } from "@tether/process/ChildDriver"
import type { Containment } from "@tether/process/ExitReport"
import { findCgroups, makeCgroup, Cgroup, removeCgroup } from "./cgroup.js"
import { type Container, ofGroup } from "./container.js"
import { isExhausted } from "./failure.js"
import { noteFinding } from "./findings.js"
import { ProcessGroup } from "./group.js"
import type { Host, OrphanPolicy, Resident } from "./host.js"
import { hasGroups, type Place, refusalOf } from "./launch.js"
import { defaultLevel, missedDefault, problemOf, refusalText } from "./levels.js"
import type { Entry } from "./reaper.js"
import { Tree } from "./tree.js"

export interface Reservation extends Place {
  readonly level: Containment
  readonly child: number
  /** Nothing was started after all. */
  readonly cancel: () => void
}

/** What is needed before the program starts; or why it cannot be contained as it should be. */
export const reserve = (host: Host, request: LaunchRequest, orphans: OrphanPolicy): Reservation | LaunchFailure => {
  const level = request.containment ?? defaultLevel(host)
  const problem = request.containment === undefined ? undefined : problemOf(host, level)
  if (problem !== undefined) return unsupported(refusalText(host, level, problem))
  if (level === "none") return { level, child: 0, cookie: undefined, cgroup: undefined, cancel: () => undefined }
  host.begin(orphans, request.uid)
  if (request.containment !== undefined && host.reaper?.pid === undefined) return withoutReaper(host, level)
  const missed = request.containment === undefined ? missedDefault(host) : undefined
  if (missed !== undefined) noteFinding(missed)
  const child = host.nextChild()
  const cookie = host.cookieOf(child, request.leavable)
  if (level !== "cgroup") return { level, child, cookie, cgroup: undefined, cancel: () => undefined }
  if (request.uid !== undefined || request.gid !== undefined) {
    return unsupported(refusalText(host, level, "another user or group may not enter our cgroups"))
  }
  if (request.argv0 !== undefined) {
    const why = "it does not go with argv0, because a shell goes first, and hands on the program's own name"
    return unsupported(refusalText(host, level, why))
  }
  return refusalOf(request) ?? inCgroup(host, child, cookie)
}

const unsupported = (problem: string): LaunchFailure => ({ reason: "Unsupported", problem, code: undefined })

/** At every level that is asked for, the child ends with this program, also when that is killed. */
const withoutReaper = (host: Host, level: Containment): LaunchFailure => {
  const code = host.reaper?.failure
  const problem = refusalText(
    host,
    level,
    "no reaper could be started with /bin/sh, to end it if this program is killed"
  )
  return { reason: isExhausted(code) ? "ResourceExhausted" : "Unsupported", problem, code }
}

const inCgroup = (host: Host, child: number, cookie: string | undefined): Reservation | LaunchFailure => {
  const cgroups = findCgroups(host.name)
  if (cgroups._tag === "Unavailable") return unsupported(refusalText(host, "cgroup", cgroups.reason))
  try {
    const cgroup = makeCgroup(cgroups.parent, host.name ?? "", child)
    return { level: "cgroup", child, cookie, cgroup, cancel: () => removeCgroup(cgroup) }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { reason: "ResourceExhausted", problem: "no cgroup could be made for it", code }
  }
}

/** The child runs: its host knows it from now on, until nothing of it lives or what lives is let be. */
export class Enclosure {
  readonly group: ProcessGroup
  readonly container: Container
  private entries: ReadonlyArray<Entry>
  private readonly resident: Resident
  private wasLeft = false
  private isOver = false

  constructor(
    private readonly host: Host,
    readonly reservation: Reservation,
    request: LaunchRequest,
    readonly pid: number,
    startToken: string | undefined
  ) {
    const { cgroup, child, level } = reservation
    this.group = new ProcessGroup(pid, level !== "none" && hasGroups, host.table, host.machine)
    this.container = this.contain(startToken, request.uid)
    this.entries =
      level === "none"
        ? []
        : [
            { _tag: "Group", pid, witness: pid, startToken, leavable: request.leavable ? child : undefined },
            ...(cgroup === undefined ? [] : [{ _tag: "Cgroup", directory: cgroup } as const])
          ]
    for (const entry of this.entries) host.reaper?.add(entry)
    this.resident = {
      label: request.label,
      pid,
      startedAt: Date.now(),
      containment: level,
      endsWithUs: request.containment !== "none",
      signal: (signal) => this.signal(signal),
      living: () => this.container.members()
    }
    host.residents.add(this.resident)
  }

  /** Whether there was anyone to take it. */
  signal(signal: Signal): boolean {
    const wasTaken = this.container.signal(signal)
    // The kernel ends the group now, whatever becomes of us. A reaper that knows it by its number alone is to forget
    // that number before another group can have it.
    if (signal === "SIGKILL" && this.host.name === undefined) this.forget()
    return wasTaken
  }

  leaderEnded(): void {
    this.container.leaderEnded()
    if (this.entries.length === 0 || this.presence() === "none") return
    if (this.group.isPinned) this.members()
    // It has been reaped, so that a stranger may have its pid and the group of that number: no witness to the reaper.
    if (this.host.machine.isDirect) this.exchangeWitness((witness) => witness === this.pid, { pid: 0 })
  }

  /** Who lives. When the leader does not, another of its group shows the reaper whose group it is. */
  members(): ReadonlyArray<ProcStat.ProcStat> {
    const members = this.container.members()
    const mates = members.filter((each) => each.group === this.pid)
    const [witness] = mates
    if (this.host.name === undefined || witness === undefined) return members
    if (mates.some((each) => each.pid === this.pid)) return members
    this.exchangeWitness((pid) => !mates.some((each) => each.pid === pid), witness)
    return members
  }

  private exchangeWitness(
    isUnfit: (pid: number) => boolean,
    { pid, startTicks }: { readonly pid: number; readonly startTicks?: string }
  ): void {
    this.entries = this.entries.map((entry) => {
      if (entry._tag !== "Group" || !isUnfit(entry.witness)) return entry
      const other = { ...entry, witness: pid, startToken: startTicks }
      this.host.reaper?.replace(entry, other)
      return other
    })
  }

  presence() {
    if (this.wasLeft) return "none"
    const presence = this.container.presence()
    if (presence === "none") this.release()
    return presence
  }

  /** What still lives is not ours any more. */
  leave(): void {
    this.wasLeft = true
    this.release()
  }

  private release(): void {
    if (this.isOver) return
    this.isOver = true
    this.container.release()
    this.host.residents.delete(this.resident)
    this.forget()
  }

  private forget(): void {
    for (const entry of this.entries) this.host.reaper?.remove(entry)
  }

  private contain(startToken: string | undefined, uid: number | undefined): Container {
    const { host, group } = this
    const { cgroup, cookie = "", level } = this.reservation
    if (level === "none" || level === "group") return ofGroup(group)
    const uids = new Set([process.geteuid?.() ?? -1, ...(uid === undefined ? [] : [uid])])
    const mark = cookie.slice(cookie.lastIndexOf("/"))
    const tree = new Tree(host.machine, host.searcher, group, mark, startToken, uids)
    return cgroup === undefined ? tree : new Cgroup(host.machine, tree, cgroup)
  }
}
