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
import { signalTree } from "./windows.js"

/** How long a process takes at most to end by SIGKILL where nothing keeps it, in milliseconds. */
const dying = 50

export class ProcessGroup {
  private leaderHasEnded = false
  private wasEmpty = false
  /** One that lived when all were looked at last: as long as it does, nobody else need be. */
  private member: ProcStat.ProcStat | undefined
  /** The reading of all processes in which no member was found alive. */
  private emptyReading: number | undefined
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
    if (signal === "SIGKILL") this.killedAt = Math.min(this.killedAt, performance.now())
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
   * snapshot: a member may fork behind it and end before it, so one scan proves nothing and two, apart, must agree.
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
    const reading = this.table.reading()
    const isConfirmed = this.emptyReading !== undefined && this.emptyReading !== reading
    this.emptyReading ??= reading
    return isConfirmed
  }

  /**
   * The first process of a container inherits zombies that Node never reaps. Where `/proc` does not tell them from
   * living members, they are taken for what SIGKILL leaves: nothing outlives it but an uninterruptible wait.
   */
  private wasEnded(): boolean {
    return process.pid === 1 && performance.now() - this.killedAt > dying && this.table.list() === undefined
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
