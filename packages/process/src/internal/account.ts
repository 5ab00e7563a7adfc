/**
 * What can be told of one process: who it is, how it ended, what passed through its descriptors. Secrets are replaced
 * in all of it.
 */
import type * as ProcessInfo from "@tether/host/ProcessInfo"
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import type { Spawned } from "../ChildObserver.js"
import type { Containment, Drained, ExitReport, Leftover, StageReport, StreamReport } from "../ExitReport.js"
import type { ExitStatus } from "../ExitStatus.js"
import { ProcessFailed } from "../ProcessFailed.js"
import { commandLine } from "../Shell.js"
import { SurvivorsError } from "../SurvivorsError.js"
import type { Feeding } from "./feeding.js"
import type { Output } from "./output.js"
import type { Plan } from "./plan.js"
import { stackless } from "./stackless.js"
import type { Verdict } from "./verdict.js"

export class Account {
  pid = 0
  /** In full, where the plan's may be relative, or ours because it has none. */
  cwd: string | undefined
  containment: Containment = "none"
  /** From the spawn to the end of the leader. */
  duration: Duration.Duration = Duration.zero
  drained: Drained = { _tag: "Eof" }
  leftovers: ReadonlyArray<Leftover> = []
  private isStdoutCut = false

  constructor(
    private readonly plan: Plan,
    private readonly verdict: Verdict,
    private readonly output: Output,
    private readonly feeding: Feeding,
    private readonly startedAt: number
  ) {}

  get spawned(): Spawned {
    const { label, redactor, shown } = this.plan
    const cwd = this.cwd === undefined ? shown.cwd : redactor.redact(this.cwd)
    return { label, pid: this.pid, ...shown, cwd, startedAt: this.startedAt }
  }

  report(status: ExitStatus): ExitReport {
    const stage: StageReport = {
      label: this.plan.label,
      pid: this.pid,
      status,
      endedBy: this.verdict.endedBy,
      stopStep: this.verdict.stopStep,
      startedAt: this.startedAt,
      duration: this.duration,
      drained: this.drained,
      containment: this.containment,
      inputs: this.feeding.report,
      stdout: this.stdout,
      stderr: this.output.report("stderr"),
      fds: this.output.others,
      leftovers: this.leftovers
    }
    return { ...stage, stages: [stage] }
  }

  /** Something else held stdout open for too long, the pipe to the next stage, and was perhaps still waited for. */
  cutStdout(holders: ReadonlyArray<ProcessInfo.ProcessInfo>, isWaitedFor: boolean): void {
    this.isStdoutCut = isWaitedFor
    if (this.drained._tag === "Stalled") return
    const others = this.drained._tag === "Cut" ? this.drained.holders : []
    const held = new Map([...others, ...holders].map((holder) => [holder.pid, holder]))
    this.drained = { _tag: "Cut", holders: [...held.values()] }
  }

  private get stdout(): StreamReport {
    const report = this.output.report("stdout")
    return this.isStdoutCut ? { ...report, drained: "Cut" } : report
  }

  failure(bodyCause?: Cause.Cause<unknown>): ProcessFailed {
    return stackless(
      new ProcessFailed({
        label: this.plan.label,
        ...this.plan.shown,
        pid: this.pid,
        status: this.verdict.status as ExitStatus,
        endedBy: this.verdict.endedBy,
        stderr: this.output.tail("stderr"),
        stdout: this.output.tail("stdout"),
        duration: this.duration,
        drained: this.drained,
        ...(bodyCause !== undefined && { bodyCause }),
        ...(this.verdict.inputCause !== undefined && { inputCause: this.verdict.inputCause })
      })
    )
  }

  survivors(members: ReadonlyArray<ProcessInfo.ProcessInfo>, status: ExitStatus | undefined): SurvivorsError {
    // Another user's process may be hidden from us; the leader is known all the same.
    const isHidden = status === undefined && !members.some((each) => each.pid === this.pid)
    const { args, command } = this.plan.shown
    const leader = { pid: this.pid, command: commandLine([command, ...args]), startedAt: this.startedAt }
    const survivors = [...(isHidden ? [leader] : []), ...members.map(this.shown)]
    return stackless(new SurvivorsError({ label: this.plan.label, survivors, status }))
  }

  readonly shown = (process: ProcessInfo.ProcessInfo): ProcessInfo.ProcessInfo => ({
    ...process,
    command: this.plan.redactor.redact(process.command)
  })
}
