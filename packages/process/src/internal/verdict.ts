/**
 * How a child's end is taken: who ended it, and whether that end was asked for or expected.
 */
import * as Cause from "effect/Cause"
import type { EndedBy } from "../ExitReport.js"
import type { ExitStatus } from "../ExitStatus.js"
import type { Plan } from "./resolve.js"

export class Verdict {
  status: ExitStatus | undefined
  endedBy: EndedBy = "unknown"
  /** What `expect` threw. */
  defect: Cause.Cause<never> | undefined
  /** What `expect` says of the status, asked once. */
  private isExpected = false
  private stopRequestedBy: "owner" | "scope" | undefined
  private readonly signalsSent = new Set<string>()

  constructor(private readonly plan: Plan) {}

  /** We ask it to stop. Who asks first has ended it, unless it has ended already. */
  stopRequested(by: "owner" | "scope"): void {
    if (this.status === undefined) this.stopRequestedBy ??= by
  }

  signalSent(signal: string): void {
    if (this.status === undefined) this.signalsSent.add(signal)
  }

  /** Its status is known. */
  exited(status: ExitStatus): void {
    this.status = status
    try {
      this.isExpected = this.plan.expects(status)
    } catch (error) {
      this.defect = Cause.die(error)
    }
    this.endedBy = this.stopRequestedBy ?? this.endedWithoutStop(status)
  }

  private endedWithoutStop(status: ExitStatus): EndedBy {
    if (status._tag === "Exited") return "child"
    return this.signalsSent.has(status.signal) ? "owner" : "outside"
  }

  private get wasStopped(): boolean {
    return this.endedBy === "owner" || this.endedBy === "scope"
  }

  get isAccepted(): boolean {
    return this.wasStopped || this.isExpected
  }

  /** Whether it ended in a way that work beside it must hear of: not on request, and not as `expect` allows. */
  get hasDied(): boolean {
    if (this.status === undefined || this.wasStopped) return false
    return !(this.plan.expectGiven && this.isExpected)
  }

  /** Whether what it left behind is to live on. */
  get letsLeftoversBe(): boolean {
    return this.plan.request.leavable && !this.wasStopped && (this.isExpected || !this.plan.check)
  }
}
