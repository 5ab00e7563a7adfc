/**
 * Looks for what left its group, for all children at once, whichever of them asks.
 *
 * A sweep proves something only if nothing was born behind it. So it is repeated over whoever was born meanwhile, told
 * by the last pid that was given out, until nobody was. Who is no descendant at one sweep does not become one, so the
 * next sweep begins where the one before has ended.
 */
import * as ProcStat from "@tether/host/ProcStat"
import * as Effect from "effect/Effect"
import { availableParallelism } from "node:os"
import { type Machine, mayBeOurs } from "./machine.js"
import { clearImmediate, clearTimeout, monotonic, setImmediate, setTimeout } from "./realTime.js"
import { mayBeDaemon } from "./suspects.js"

/** A moment, told by what had happened until then. */
export interface Since {
  /** The pid that was given out last. */
  readonly pid: number
  readonly at: number
}

/** One child, as a search sees it. */
export interface Sought {
  readonly pid: number
  /** The step of the cookie that all of its descendants have, with its slash: `/host.7`. */
  readonly mark: string
  /** Whether the group with its pid is still its own. */
  readonly hasGroup: () => boolean
  /** Whoever was born before has been looked at. */
  since: Since
  /** Nobody who started earlier can be its descendant. */
  readonly startTicks: number
  /** A sweep begins that was asked for. These are to be looked at again, however old they are. */
  readonly begin: () => ReadonlyArray<number>
  /** Whose children are its own; and the sessions that are, with the children of their members. */
  readonly families: () => { readonly parents: Iterable<number>; readonly sessions: Iterable<number> }
  /** Told of each process that is its own, in the very step in which it was found. */
  readonly take: (stat: ProcStat.ProcStat, tree: string | undefined) => void
  /** Told of a process that looks like a daemon, of which nobody can tell who started it. */
  readonly suspect: (stat: ProcStat.ProcStat) => void
  /** That sweep is over, and nothing has escaped it. */
  readonly done: () => void
}

/**
 * How long births are caught up with in one go. Then the program's other work goes on, and a later sweep tries again.
 */
const sweepTime = 50
/** A pid is handed out a moment before its process can be seen: the last ones are looked at again by the next sweep. */
const overlap = 32
/**
 * How many pids a machine may hand out a millisecond and processor. A fork that is refused hands out one too, and is
 * quicker than one that is not: 125 were measured.
 */
const birthRate = 250
/**
 * So much of the time at most is spent on sweeping, one part in this, but for so many milliseconds that were saved up.
 */
const share = 5
const savings = 100

export class Searcher {
  private readonly children = new Map<string, Sought>()
  private readonly byPid = new Map<number, Sought>()
  private waiting = new Map<Sought, Array<() => void>>()
  private unschedule: () => void = () => undefined
  private isScheduled = false
  private credit = savings
  private creditAt = monotonic()
  private readonly threads = availableParallelism()

  constructor(private readonly machine: Machine) {}

  add(sought: Sought): void {
    this.children.set(sought.mark, sought)
    this.byPid.set(sought.pid, sought)
  }

  remove(sought: Sought): void {
    this.children.delete(sought.mark)
    if (this.byPid.get(sought.pid) === sought) this.byPid.delete(sought.pid)
  }

  /** Completes after a sweep that began after now. */
  search(sought: Sought): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      const tell = () => resume(Effect.void)
      const tellers = this.waiting.get(sought) ?? []
      tellers.push(tell)
      this.waiting.set(sought, tellers)
      this.schedule()
      return Effect.sync(() => {
        const left = this.waiting.get(sought)?.filter((each) => each !== tell) ?? []
        if (left.length === 0) this.waiting.delete(sought)
        else this.waiting.set(sought, left)
        if (this.waiting.size === 0) this.unschedule()
      })
    })
  }

  private schedule(): void {
    if (this.isScheduled) return
    this.isScheduled = true
    const now = monotonic()
    this.credit = Math.min(savings, this.credit + (now - this.creditAt) / share)
    this.creditAt = now
    const rest = -this.credit * share
    // In the next turn at the earliest: who asks in this one shares the sweep.
    const timer = rest > 0 ? setTimeout(() => this.sweep(), rest) : setImmediate(() => this.sweep())
    this.unschedule = () => {
      this.isScheduled = false
      if (rest > 0) clearTimeout(timer as NodeJS.Timeout)
      else clearImmediate(timer as NodeJS.Immediate)
    }
  }

  private sweep(): void {
    this.isScheduled = false
    const waiting = this.waiting
    this.waiting = new Map()
    if (waiting.size === 0) return
    const began = monotonic()
    const again = [...waiting.keys()].flatMap((sought) => sought.begin())
    const pid = this.sweepOver(again)
    if (pid !== undefined) {
      const since = { pid: Math.max(0, pid - overlap), at: began }
      for (const sought of this.children.values()) sought.since = since
      for (const sought of waiting.keys()) sought.done()
    }
    this.credit -= monotonic() - began
    for (const tellers of waiting.values()) tellers.forEach((tell) => tell())
  }

  /** The last pid that was given out, or 0 where that is not told; undefined if something may have escaped. */
  private sweepOver(again: ReadonlyArray<number>): number | undefined {
    const { machine } = this
    const last = machine.lastPid()
    if (last !== undefined && !this.look(again)) return undefined
    if (!this.lookSince(last)) return undefined
    if (last !== undefined) return this.lookAtBorn(last)
    // Where births are not told, a second look has to agree with the first.
    return this.lookSince(last) ? 0 : undefined
  }

  private lookSince(last: number | undefined): boolean {
    const since = [...this.children.values()].map((sought) => sought.since)
    const first = Math.min(...since.map(({ pid }) => pid))
    // Pids rise until they wrap: what is younger has a larger one.
    if (last === undefined || last < first || since.some((each) => this.mayHaveWrapped(each))) {
      return this.look(this.machine.pids())
    }
    return this.lookBetween(first, last)
  }

  private mayHaveWrapped({ at }: Since): boolean {
    return (monotonic() - at) * birthRate * this.threads > this.machine.pidMax / 2
  }

  private lookAtBorn(from: number): number | undefined {
    const began = monotonic()
    let last = from
    while (true) {
      const now = this.machine.lastPid()
      if (now === undefined || now === last) return now
      if (monotonic() - began > sweepTime || !this.lookBetween(last, now)) return undefined
      last = now
    }
  }

  /** Those that were given a pid between two readings. A few are asked for by their number, which threads have too. */
  private lookBetween(last: number, now: number): boolean {
    if (now < last) return this.look(this.machine.pids())
    if (now - last > fewPids) return this.look(this.machine.pids()?.filter((pid) => pid > last))
    return this.look(
      Array.from({ length: now - last }, (_, index) => last + 1 + index),
      (pid) => this.machine.isThread(pid)
    )
  }

  /** Whether all of them could be looked at. */
  private look(pids: ReadonlyArray<number> | undefined, isThread = (_: number) => false): boolean {
    if (pids === undefined) return false
    const eldest = Math.min(...[...this.children.values()].map((sought) => sought.startTicks))
    const strangers: Array<ProcStat.ProcStat> = []
    const marked = new Set<ProcStat.ProcStat>()
    let isWhole = true
    for (const pid of pids) {
      if (pid === process.pid) continue
      const stat = this.machine.listed(pid)
      // Without a descriptor to read with, nobody is seen, and everybody is there.
      if (stat === undefined && mayBeOurs(pid)) isWhole = false
      if (stat === undefined || !ProcStat.isRunning(stat) || Number(stat.startTicks) < eldest || isThread(pid)) continue
      const mate = this.byPid.get(stat.group)
      if (mate?.hasGroup() === true) {
        mate.take(stat, undefined)
        continue
      }
      const tree = this.machine.treeOf(pid)
      const sought = tree === undefined ? undefined : this.soughtBy(tree)
      if (sought !== undefined) sought.take(stat, tree)
      else {
        strangers.push(stat)
        if (tree !== undefined && tree !== "") marked.add(stat)
        if (tree === "" && this.isInExec(stat)) isWhole = false
      }
    }
    this.suspect(this.adopt(strangers).filter((stat) => !marked.has(stat)))
    return isWhole
  }

  /** In the middle of an `execve` a process has no environment, and a moment later it has. */
  private isInExec(before: ProcStat.ProcStat): boolean {
    if (before.isKernelThread) return false
    const now = this.machine.listed(before.pid)
    // The same place before and after the look: nothing was executed meanwhile, and there is none.
    return now !== undefined && !(before.environmentAt !== "0" && now.environmentAt === before.environmentAt)
  }

  /** Who has no cookie is ours all the same if a parent or a session of ours shows it. */
  private adopt(strangers: ReadonlyArray<ProcStat.ProcStat>): ReadonlyArray<ProcStat.ProcStat> {
    let left = strangers
    while (left.length > 0) {
      const parents = new Map<number, Sought>()
      const sessions = new Map<number, Sought>()
      for (const sought of this.children.values()) {
        const families = sought.families()
        for (const pid of families.parents) parents.set(pid, sought)
        for (const pid of families.sessions) sessions.set(pid, sought)
      }
      const rest: Array<ProcStat.ProcStat> = []
      for (const stat of left) {
        const session = this.machine.listed(stat.parent)?.session
        const sought = parents.get(stat.parent) ?? sessions.get(stat.session) ?? sessions.get(session ?? -1)
        if (sought === undefined) rest.push(stat)
        else if (stat.pid !== sought.pid) sought.take(stat, undefined)
      }
      if (rest.length === left.length) return rest
      left = rest
    }
    return left
  }

  private suspect(strangers: ReadonlyArray<ProcStat.ProcStat>): void {
    for (const stat of strangers) {
      const since = Number(stat.startTicks)
      const candidates = [...this.children.values()].filter((sought) => sought.startTicks <= since)
      if (candidates.length > 0 && mayBeDaemon(this.machine, stat)) candidates.forEach((sought) => sought.suspect(stat))
    }
  }

  private soughtBy(tree: string): Sought | undefined {
    let from = tree.indexOf("/")
    while (from !== -1) {
      const end = tree.indexOf("/", from + 1)
      const sought = this.children.get(tree.slice(from, end === -1 ? tree.length : end))
      if (sought !== undefined) return sought
      from = end
    }
    return undefined
  }
}

/** So many pids are quicker asked for one by one than by a listing of all. */
const fewPids = 64
