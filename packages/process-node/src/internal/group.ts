/**
 * One process group, named by the pid of its leader.
 *
 * The id belongs to us while the leader is not reaped or a member lives. Once the group has been seen empty the id may
 * be somebody else's, so that it is never asked nor signalled again.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import type { ProcessInfo } from "@tether/host/ProcessInfo"
import type { ProcessTable } from "./processTable.js"

export class ProcessGroup {
  private leaderHasEnded = false
  private wasEmpty = false
  /** The reading of all processes in which no member was found alive. */
  private emptyReading: number | undefined

  constructor(
    private readonly pid: number,
    private readonly isGroup: boolean,
    private readonly table: ProcessTable
  ) {}

  /** The leader has been reaped. Asked at once, so that a group of one is known to be empty before its id is free. */
  leaderEnded(): void {
    this.leaderHasEnded = true
    this.isEmpty()
  }

  isEmpty(): boolean {
    if (this.wasEmpty) return true
    if (!this.leaderHasEnded) return false
    this.wasEmpty = !this.isGroup || this.send(0) === "none" || this.isAllZombies()
    return this.wasEmpty
  }

  /** Whether there was anyone to take it. */
  signal(signal: Signal): boolean {
    return !this.wasEmpty && this.send(signal) !== "none"
  }

  members(): ReadonlyArray<ProcessInfo> {
    return this.wasEmpty ? [] : this.table.living(this.pid)?.map((stat) => this.table.infoOf(stat)) ?? []
  }

  /**
   * `kill` counts zombies, and in a container whose first process reaps nobody they stay for ever. A scan is no
   * snapshot: a member may fork behind it and end before it, so one scan proves nothing and two, apart, must agree.
   */
  private isAllZombies(): boolean {
    if (this.table.living(this.pid)?.length !== 0) {
      this.emptyReading = undefined
      return false
    }
    const reading = this.table.reading()
    const isConfirmed = this.emptyReading !== undefined && this.emptyReading !== reading
    this.emptyReading ??= reading
    return isConfirmed
  }

  private send(signal: Signal | 0): "sent" | "none" {
    try {
      process.kill(this.isGroup ? -this.pid : this.pid, signal)
      return "sent"
    } catch (error) {
      // EPERM: there is someone, and it is not ours to signal.
      return (error as NodeJS.ErrnoException).code === "EPERM" ? "sent" : "none"
    }
  }
}
