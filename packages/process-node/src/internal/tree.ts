/**
 * A group and what left it: descendants in sessions of their own, found by the cookie in their environment, by a parent
 * or session of ours, or by a pipe of ours.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import type { Identity } from "@tether/host/ProcessIdentity"
import * as ProcStat from "@tether/host/ProcStat"
import * as TreeCookie from "@tether/host/TreeCookie"
import type { Presence } from "@tether/process/ChildDriver"
import * as Effect from "effect/Effect"
import type { Container } from "./container.js"
import type { ProcessGroup } from "./group.js"
import { readRecord, reaperTime } from "./hostRecord.js"
import { isGone, livenessOf, type Machine } from "./machine.js"
import { isOfReaper, nameOf, signalOne } from "./orphans.js"
import { monotonic } from "./realTime.js"
import type { Searcher, Since, Sought } from "./searcher.js"
import { belongsTo } from "./suspects.js"

/** A member that is not in the group. */
interface Stray {
  readonly stat: ProcStat.ProcStat
  /** Below the child: the hosts that ran there, outermost first, and what they started. */
  readonly below: ReadonlyArray<TreeCookie.Step>
  /** It was taken for its cookie alone, which anybody can make up. */
  readonly isClaimed: boolean
  /** When it was first seen that the host is gone whose reaper it says it is. */
  hostGoneAt: number | undefined
}

export class Tree implements Container, Sought {
  private readonly strays = new Map<number, Stray>()
  /** The members of the group that sweeps have come upon since the last that was asked for, and before. */
  private readonly kin = new Set<number>()
  private readonly earlierKin = new Set<number>()
  private readonly suspected = new Map<number, ProcStat.ProcStat>()
  /** Everybody who was there then has been looked at. */
  since: Since
  readonly startTicks: number
  readonly pid: number
  private leaderHasEnded = false
  private isProven = false
  private isKilling = false
  private foundMore = false
  /** When the leader ended, no process had been made since it: nobody can be its descendant. */
  private wasChildless = false
  /** Whether nobody was known before the sweep: who lives may leave the group, or fork, behind a sweep's back. */
  private wasEmpty = false

  constructor(
    private readonly machine: Machine,
    private readonly searcher: Searcher,
    private readonly group: ProcessGroup,
    readonly mark: string,
    startTicks: string | undefined,
    /** Whose processes its own are: of this program's user, and of the one that it was started as. */
    private readonly uids: ReadonlySet<number>
  ) {
    this.pid = group.pid
    this.startTicks = Number(startTicks ?? 0)
    this.since = { pid: group.pid, at: monotonic() }
    searcher.add(this)
  }

  leaderEnded(): void {
    // Asked before the pid can be given to somebody else.
    this.wasChildless = this.isYoungest()
    this.leaderHasEnded = true
    this.group.leaderEnded(this.wasChildless)
  }

  presence(): Presence {
    if (this.isProven) return "none"
    if (!this.group.isEmpty()) return "some"
    if (this.livingStrays().length > 0) return "some"
    this.isProven = this.wasChildless
    return this.isProven ? "none" : "unproven"
  }

  signal(signal: Signal): boolean {
    if (signal === "SIGKILL") this.isKilling = true
    let anyone = this.group.signal(signal)
    for (const stray of this.strays.values()) anyone = this.signalStray(stray, signal) || anyone
    return anyone
  }

  readonly search: Effect.Effect<boolean> = Effect.suspend(() => {
    if (this.leaderHasEnded ? this.wasChildless : this.isYoungest()) return Effect.succeed(false)
    this.foundMore = false
    return Effect.map(this.searcher.search(this), () => this.foundMore)
  })

  members(): ReadonlyArray<ProcStat.ProcStat> {
    const strays = this.livingStrays().filter((stray) => !this.isReaper(stray))
    return [...this.group.members(), ...strays.map(({ stat }) => stat)]
  }

  adopt(stats: ReadonlyArray<ProcStat.ProcStat>): void {
    for (const stat of stats) {
      const tree = this.machine.treeOf(stat.pid)
      this.take(stat, tree?.includes(this.mark) === true ? tree : undefined)
    }
  }

  suspects(): ReadonlyArray<ProcStat.ProcStat> {
    // As they are by now: a daemon may have been found before it executed its program.
    return [...this.suspected.values()].flatMap(({ pid, startTicks }) => {
      const stat = this.machine.find(pid)
      return stat?.startTicks === startTicks && ProcStat.isRunning(stat) && !stat.exiting ? [stat] : []
    })
  }

  // ---- the searcher's side

  hasGroup(): boolean {
    return this.group.isPinned
  }

  begin(): ReadonlyArray<number> {
    for (const pid of this.kin) this.earlierKin.add(pid)
    this.kin.clear()
    this.wasEmpty = this.group.isEmpty() && this.livingStrays().length === 0
    // Who was in the group may have left it, and no later birth tells of that.
    return [...this.earlierKin, ...this.strays.keys()]
  }

  families() {
    // Anybody can start a setuid program with a cookie: nothing follows from it for its children and its session.
    const strays = this.livingStrays()
      .filter(({ isClaimed, stat }) => !isClaimed || belongsTo(this.machine, stat, this.uids))
      .map(({ stat }) => stat.pid)
    // The leader's pid is the session's as long as a member of the group lives.
    return { parents: strays, sessions: this.group.isPinned ? [this.pid, ...strays] : strays }
  }

  take(stat: ProcStat.ProcStat, tree: string | undefined): void {
    if (stat.group === this.pid && this.group.isPinned) {
      this.kin.add(stat.pid)
      return
    }
    const known = this.strays.get(stat.pid)
    if (known?.stat.startTicks === stat.startTicks) return
    const below =
      tree === undefined
        ? (this.strays.get(stat.parent)?.below ?? [])
        : TreeCookie.parse(tree.slice(tree.indexOf(this.mark) + this.mark.length))
    const stray: Stray = { stat, below, isClaimed: tree !== undefined, hostGoneAt: undefined }
    this.suspected.delete(stat.pid)
    this.strays.set(stat.pid, stray)
    this.foundMore = true
    // At once: one that forks a successor and ends is gone by the next step.
    if (this.isKilling) this.signalStray(stray, "SIGKILL")
  }

  suspect(stat: ProcStat.ProcStat): void {
    if (belongsTo(this.machine, stat, this.uids)) this.suspected.set(stat.pid, stat)
  }

  done(): void {
    this.earlierKin.clear()
    if (this.wasEmpty && this.livingStrays().length === 0 && !this.foundMore) this.isProven = true
  }

  release(): void {
    this.searcher.remove(this)
  }

  // ---- helpers

  private isYoungest(): boolean {
    return this.machine.lastPid() === this.pid
  }

  private livingStrays(): ReadonlyArray<Stray> {
    for (const { stat } of this.strays.values()) {
      if (isGone(this.machine, stat)) this.strays.delete(stat.pid)
    }
    return [...this.strays.values()]
  }

  /** The hosts below us that have started it: as its path has it, or for one without a path, its parent. */
  private hostsOf({ below, stat }: Stray): ReadonlyArray<Identity> {
    const hosts = [...this.strays.values()].flatMap((each) => each.below.map((step) => step.host))
    return [...below.map((step) => step.host), ...hosts.filter((host) => host.pid === stat.parent)]
  }

  /** Whether a host below has it on record as its reaper, or its parent, and it has not had its time yet. */
  private isReaper(stray: Stray): boolean {
    const last = stray.below.at(-1)
    if (last?.kind !== "reaper" || !isOfReaper(this.machine, readRecord(nameOf(last)), stray.stat)) return false
    if (livenessOf(this.machine, last.host) !== "gone") return true
    stray.hostGoneAt ??= monotonic()
    return monotonic() - stray.hostGoneAt < reaperTime
  }

  private signalStray(stray: Stray, signal: Signal): boolean {
    // A reaper has the work of a dead host before it, and ends by itself.
    if (this.isReaper(stray)) return signalOne(this.machine, stray.stat, "SIGCONT")
    // Whom a host below us has started is asked by that host, in its own order, as long as it lives.
    if (signal !== "SIGKILL" && this.hostsOf(stray).some((host) => livenessOf(this.machine, host) !== "gone"))
      return true
    return signalOne(this.machine, stray.stat, signal as NodeJS.Signals)
  }
}
