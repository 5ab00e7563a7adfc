/**
 * One process group, named by the pid of its leader; or the leader alone, where a stop is to reach no further.
 *
 * The id belongs to us while the leader is not reaped or a member lives. Once the group has been seen empty the id may
 * be somebody else's, so that it is never asked nor signalled again.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import * as ProcStat from "@tether/host/ProcStat"
import { isAlive, type Machine } from "./machine.js"
import type { ProcessTable } from "./processTable.js"
import { monotonic } from "./realTime.js"
import { signalTree } from "./windows.js"

/** A reading of all processes in which no member was found alive. */
interface EmptyReading {
  readonly number: number
  readonly lastPid: number | undefined
}

/** Births are caught up with in so many steps of so many at most; a later look tries again. */
const steps = 10
const births = 256

/** How long a process takes at most to end by SIGKILL where nothing keeps it, in milliseconds. */
const dying = 50

export class ProcessGroup {
  private leaderHasEnded = false
  private wasEmpty = false
  /** One that lived when all were looked at last: as long as it does, nobody else need be. */
  private member: ProcStat.ProcStat | undefined
  private emptyReading: EmptyReading | undefined
  private killedAt = Number.POSITIVE_INFINITY

  constructor(
    readonly pid: number,
    private readonly isGroup: boolean,
    private readonly table: ProcessTable,
    private readonly machine: Machine
  ) {}

  /**
   * The leader has been reaped. Asked at once, so that a group of one is known to be empty before its id is free. Who
   * knows that it was alone need not ask: the answer of the system is an error, and makes a costly one.
   */
  leaderEnded(wasAlone = false): void {
    this.leaderHasEnded = true
    if (wasAlone) this.wasEmpty = true
    else this.isEmpty()
  }

  get isPinned(): boolean {
    return !this.isEmpty()
  }

  isEmpty(): boolean {
    if (this.wasEmpty) return true
    if (!this.leaderHasEnded) return false
    this.wasEmpty =
      !this.isGroup || this.isReused() || this.send(0) === "none" || this.isAllZombies() || this.wasEnded()
    return this.wasEmpty
  }

  /**
   * While a member lives, nobody else is given the leader's pid: somebody who has it shows that all of ours are gone.
   */
  private isReused(): boolean {
    return this.machine.isDirect && this.machine.find(this.pid) !== undefined
  }

  /** Whether there was anyone to take it. */
  signal(signal: Signal): boolean {
    if (this.isEmpty()) return false
    if (signal === "SIGKILL") this.killedAt = Math.min(this.killedAt, monotonic())
    return this.send(signal) !== "none"
  }

  members(): ReadonlyArray<ProcStat.ProcStat> {
    return this.isEmpty() ? [] : (this.living() ?? [])
  }

  private living(): ReadonlyArray<ProcStat.ProcStat> | undefined {
    return this.table
      .list()
      ?.filter((stat) => (this.isGroup ? stat.group : stat.pid) === this.pid && ProcStat.isRunning(stat))
  }

  /**
   * `kill` counts zombies, and in a container whose first process reaps nobody they stay for ever. A scan is no
   * snapshot: a member may fork behind it and end before it. Each scan of a chain in which each process forks the next
   * one and ends can miss all of it. So two readings must agree, and no member may have been born since the first.
   */
  private isAllZombies(): boolean {
    if (
      this.member !== undefined &&
      this.machine.find(this.member.pid)?.group === this.pid &&
      isAlive(this.machine, this.member)
    ) {
      return false
    }
    const living = this.living()
    this.member = living?.[0]
    if (living?.length !== 0) {
      this.emptyReading = undefined
      return false
    }
    const earlier = this.emptyReading
    const reading = { number: this.table.reading(), lastPid: this.table.lastPid() }
    if (earlier?.number === reading.number) return false
    if (earlier !== undefined && this.noneBornSince(earlier.lastPid)) return true
    this.emptyReading = this.member === undefined ? reading : undefined
    return false
  }

  /** Whether all who were given a pid since then could be looked at, and none is a living member. */
  private noneBornSince(lastPid: number | undefined): boolean {
    let last = lastPid
    for (let step = 0; step < steps; step++) {
      const now = this.machine.lastPid()
      if (now === last) return true
      if (now === undefined || last === undefined || now < last || now - last > births) return false
      for (let pid = last + 1; pid <= now; pid++) {
        const stat = this.machine.listed(pid)
        if (stat?.group !== this.pid || !ProcStat.isRunning(stat)) continue
        this.member = stat
        return false
      }
      last = now
    }
    return false
  }

  /**
   * The first process of a container inherits zombies that Node never reaps. Where `/proc` does not tell them from
   * living members, they are taken for what SIGKILL leaves: nothing outlives it but an uninterruptible wait.
   */
  private wasEnded(): boolean {
    return process.pid === 1 && monotonic() - this.killedAt > dying && this.table.list() === undefined
  }

  private send(signal: Signal | 0): "sent" | "none" {
    try {
      if (process.platform === "win32" && signal !== 0) {
        process.kill(this.pid, 0)
        signalTree(this.pid, signal)
        return "sent"
      }
      process.kill(this.isGroup ? -this.pid : this.pid, signal)
      return "sent"
    } catch (error) {
      // EPERM: there is someone, and it is not ours to signal.
      return (error as NodeJS.ErrnoException).code === "EPERM" ? "sent" : "none"
    }
  }
}
