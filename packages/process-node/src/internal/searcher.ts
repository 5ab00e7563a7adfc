/**
 * Looks for what left its group, for all children that ask at the same time in one sweep of the machine's processes.
 *
 * A sweep proves something only if nothing was born behind it. So it is repeated over whoever was born meanwhile, told by
 * the last pid that was given out, until nobody was.
 */
import * as ProcStat from "@tether/host/ProcStat"
import * as Effect from "effect/Effect"
import { availableParallelism } from "node:os"
import { exists, type Machine } from "./machine.js"

/** One child, as a search sees it. */
export interface Sought {
  readonly pid: number
  /** The step of the cookie that all of its descendants have, with its slash: `/host.7`. */
  readonly mark: string
  /** How long its leader has been running, in milliseconds. */
  readonly age: () => number
  /** A sweep begins. */
  readonly begin: () => void
  /** The pids whose children are its own, and the sessions that are: those of its leader and of what was found so far. */
  readonly families: () => { readonly parents: Iterable<number>; readonly sessions: Iterable<number> }
  /** Told of each process that is its own, in the very step in which it was found. */
  readonly take: (stat: ProcStat.ProcStat, tree: string | undefined) => void
  /** The sweep is over. `isWhole` when nothing can have escaped it. */
  readonly done: (isWhole: boolean) => void
}

/** A sweep that has not settled is given up for the moment, so that the program's other work goes on. */
const sweepTime = 50
/** How many processes a machine may make a millisecond and processor: more than any was seen to. */
const birthRate = 20
/** So much of the time at most is spent on sweeping: one part in this. */
const share = 5

export class Searcher {
  private waiting = new Map<Sought, Array<() => void>>()
  private unschedule: () => void = () => undefined
  private isScheduled = false
  private restUntil = 0
  private readonly threads = availableParallelism()

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
    const rest = this.restUntil - performance.now()
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
    const began = performance.now()
    for (const sought of waiting.keys()) sought.begin()
    const isWhole = this.sweepFor([...waiting.keys()], began)
    for (const sought of waiting.keys()) sought.done(isWhole)
    const took = performance.now() - began
    this.restUntil = began + took * share
    for (const tellers of waiting.values()) tellers.forEach((tell) => tell())
  }

  private sweepFor(all: ReadonlyArray<Sought>, began: number): boolean {
    const { machine } = this
    const oldest = all.reduce((one, other) => one.age() > other.age() ? one : other)
    let last = machine.lastPid()
    let pids = machine.pids()
    // Pids rise until they wrap: what is younger than the oldest leader has a larger one.
    if (last !== undefined && last > oldest.pid && !this.mayHaveWrapped(oldest)) {
      pids = pids?.filter((pid) => pid > oldest.pid)
    }
    while (pids !== undefined) {
      if (!this.look(all, pids)) return false
      // Where births are not told, a second look has to agree with the first.
      if (last === undefined) {
        const again = machine.pids()
        return again !== undefined && this.look(all, again)
      }
      const now = machine.lastPid()
      if (now === undefined || now === last) return now !== undefined
      if (performance.now() - began > sweepTime) return false
      pids = born(last, now) ?? machine.pids()
      last = now
    }
    return false
  }

  private mayHaveWrapped(oldest: Sought): boolean {
    return oldest.age() * birthRate * this.threads > this.machine.pidMax / 2
  }

  /** Whether all of them could be looked at. */
  private look(all: ReadonlyArray<Sought>, pids: ReadonlyArray<number>): boolean {
    const byMark = new Map(all.map((sought) => [sought.mark, sought]))
    const strangers: Array<ProcStat.ProcStat> = []
    let isWhole = true
    for (const pid of pids) {
      if (pid === process.pid) continue
      const tree = this.machine.treeOf(pid)
      const sought = tree === undefined ? undefined : soughtBy(tree, byMark)
      const stat = this.machine.find(pid)
      // Without a descriptor to read with, nobody is seen, and everybody is there.
      if (stat === undefined && exists(pid)) isWhole = false
      if (stat === undefined || !ProcStat.isRunning(stat)) continue
      if (sought !== undefined) sought.take(stat, tree)
      else strangers.push(stat)
    }
    this.adopt(all, strangers)
    return isWhole
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
        else if (stat.pid !== sought.pid) sought.take(stat, undefined)
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
  now > last && now - last <= 64 ? Array.from({ length: now - last }, (_, index) => last + 1 + index) : undefined
