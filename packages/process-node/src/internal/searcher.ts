/**
 * Looks for what left its group, for all children that ask at the same time in one sweep of the machine's processes.
 *
 * A sweep proves something only if nothing was born behind it. So it is repeated over whoever was born meanwhile, told by
 * the last pid that was given out, until nobody was. Who is no descendant at one sweep does not become one, so the next
 * sweep for the same child begins where the one before has ended.
 */
import * as ProcStat from "@tether/host/ProcStat"
import * as Effect from "effect/Effect"
import { availableParallelism } from "node:os"
import { exists, type Machine } from "./machine.js"

/** A moment, told by what had happened until then. */
export interface Since {
  /** The pid that was given out last. */
  readonly pid: number
  readonly at: number
  /** No more than had been made by then. Undefined where it is not told. */
  readonly births: number | undefined
}

/** One child, as a search sees it. */
export interface Sought {
  readonly pid: number
  /** The step of the cookie that all of its descendants have, with its slash: `/host.7`. */
  readonly mark: string
  /** Who is to be looked at: whoever was born after this moment, and these. */
  readonly since: Since
  readonly again: () => Iterable<number>
  /** Nobody who started earlier can be its descendant. */
  readonly startTicks: number
  /** A sweep begins. */
  readonly begin: () => void
  /** The pids whose children are its own, and the sessions that are: those of its leader and of what was found so far. */
  readonly families: () => { readonly parents: Iterable<number>; readonly sessions: Iterable<number> }
  /** Told of each process that is its own, in the very step in which it was found. */
  readonly take: (stat: ProcStat.ProcStat, tree: string | undefined) => void
  /** The sweep is over: when it was whole, or undefined where something may have escaped it. */
  readonly done: (swept: Since | undefined) => void
}

/** How long births are caught up with in one go. Then the program's other work goes on, and a later sweep tries again. */
const sweepTime = 50
/** How long a count of births serves, in milliseconds. */
const countFor = 1000
/** How many processes a machine may make a millisecond and processor: more than any was seen to. */
const birthRate = 20
/** So much of the time at most is spent on sweeping, one part in this, but for so many milliseconds that were saved up. */
const share = 5
const savings = 100

export class Searcher {
  private waiting = new Map<Sought, Array<() => void>>()
  private unschedule: () => void = () => undefined
  private isScheduled = false
  private count: number | undefined
  private countedAt = Number.NEGATIVE_INFINITY
  private credit = savings
  private creditAt = performance.now()
  private readonly threads = availableParallelism()
  /** Processes without any environment, and when they started: see `isClear`. */
  private blank = new Map<number, string>()

  constructor(private readonly machine: Machine) {}

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
    const now = performance.now()
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
    const all = [...waiting.keys()]
    if (all.length === 0) return
    const began = performance.now()
    this.countBirths(began)
    for (const sought of all) sought.begin()
    const pid = this.sweepFor(all)
    for (const sought of all) sought.done(pid === undefined ? undefined : { pid, at: began, births: this.count })
    this.credit -= performance.now() - began
    for (const tellers of waiting.values()) tellers.forEach((tell) => tell())
  }

  /** A recent count, and never too high a one. */
  births(): number | undefined {
    const now = performance.now()
    if (now - this.countedAt > countFor) this.countBirths(now)
    return this.count
  }

  private countBirths(now: number): void {
    this.count = this.machine.births()
    this.countedAt = now
  }

  /** The last pid that was given out, or 0 where that is not told; undefined if something may have escaped. */
  private sweepFor(all: ReadonlyArray<Sought>): number | undefined {
    const { machine } = this
    const last = machine.lastPid()
    const candidates = this.candidates(all, last)
    if (candidates === undefined || !this.look(all, candidates)) return undefined
    if (last !== undefined) return this.lookAtBorn(all, last)
    // Where births are not told, a second look has to agree with the first.
    const again = machine.pids()
    return again !== undefined && this.look(all, again) ? 0 : undefined
  }

  private candidates(all: ReadonlyArray<Sought>, last: number | undefined): ReadonlyArray<number> | undefined {
    const first = Math.min(...all.map(({ since }) => since.pid))
    // Pids rise until they wrap: what is younger has a larger one.
    if (last === undefined || last < first || all.some(({ since }) => this.mayHaveWrapped(since))) return this.machine.pids()
    const young = born(first, last) ?? this.machine.pids()?.filter((pid) => pid > first)
    return young && [...young, ...all.flatMap((sought) => [...sought.again()])]
  }

  private mayHaveWrapped({ at, births }: Since): boolean {
    const few = this.machine.pidMax / 2
    if ((performance.now() - at) * birthRate * this.threads < few) return false
    return births === undefined || this.count === undefined || this.count - births > few
  }

  private lookAtBorn(all: ReadonlyArray<Sought>, from: number): number | undefined {
    const began = performance.now()
    let last = from
    while (true) {
      const now = this.machine.lastPid()
      if (now === undefined || now === last) return now
      if (performance.now() - began > sweepTime) return undefined
      const pids = born(last, now) ?? this.machine.pids()
      if (pids === undefined || !this.look(all, pids)) return undefined
      last = now
    }
  }

  /** Whether all of them could be looked at. */
  private look(all: ReadonlyArray<Sought>, pids: ReadonlyArray<number>): boolean {
    const byMark = new Map(all.map((sought) => [sought.mark, sought]))
    const eldest = Math.min(...all.map((sought) => sought.startTicks))
    const strangers: Array<ProcStat.ProcStat> = []
    let isWhole = true
    for (const pid of pids) {
      if (pid === process.pid) continue
      const stat = this.machine.listed(pid)
      // Without a descriptor to read with, nobody is seen, and everybody is there.
      if (stat === undefined && exists(pid)) isWhole = false
      if (stat === undefined || !ProcStat.isRunning(stat) || Number(stat.startTicks) < eldest) continue
      const tree = this.machine.treeOf(pid)
      const sought = tree === undefined ? undefined : soughtBy(tree, byMark)
      if (sought !== undefined) this.take(sought, stat, tree)
      else {
        strangers.push(stat)
        if (tree === "") isWhole = this.isClear(stat) && isWhole
      }
    }
    this.adopt(all, strangers)
    return isWhole
  }

  /**
   * In the middle of an `execve` a process has no environment, and a moment later it has. One that is seen without at two
   * sweeps was started without, or is a thread of the kernel.
   */
  private isClear({ pid, startTicks }: ProcStat.ProcStat): boolean {
    if (this.blank.get(pid) === startTicks) return true
    if (this.blank.size > 1000) this.blank.clear()
    this.blank.set(pid, startTicks)
    return false
  }

  private take(sought: Sought, stat: ProcStat.ProcStat, tree: string | undefined): void {
    if (!this.machine.isThread(stat.pid)) sought.take(stat, tree)
  }

  /** Who has no cookie is ours all the same if a parent or a session of ours shows it. */
  private adopt(all: ReadonlyArray<Sought>, strangers: ReadonlyArray<ProcStat.ProcStat>): void {
    let left = strangers
    while (left.length > 0) {
      const parents = new Map<number, Sought>()
      const sessions = new Map<number, Sought>()
      for (const sought of all) {
        const families = sought.families()
        for (const pid of families.parents) parents.set(pid, sought)
        for (const pid of families.sessions) sessions.set(pid, sought)
      }
      const rest: Array<ProcStat.ProcStat> = []
      for (const stat of left) {
        const sought = parents.get(stat.parent) ?? sessions.get(stat.session)
        if (sought === undefined) rest.push(stat)
        else if (stat.pid !== sought.pid) this.take(sought, stat, undefined)
      }
      if (rest.length === left.length) return
      left = rest
    }
  }
}

const soughtBy = (tree: string, byMark: ReadonlyMap<string, Sought>): Sought | undefined => {
  let from = tree.indexOf("/")
  while (from !== -1) {
    const end = tree.indexOf("/", from + 1)
    const sought = byMark.get(tree.slice(from, end === -1 ? tree.length : end))
    if (sought !== undefined) return sought
    from = end
  }
  return undefined
}

/** The pids that were given out between two readings, or undefined where that is quicker asked of the whole. */
const born = (last: number, now: number): ReadonlyArray<number> | undefined =>
  now >= last && now - last <= 64 ? Array.from({ length: now - last }, (_, index) => last + 1 + index) : undefined
