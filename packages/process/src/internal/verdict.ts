/**
 * How a child's end is taken: who ended it, and whether that end was asked for or expected.
 */
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import type { EndedBy } from "../ExitReport.js"
import type { ExitStatus } from "../ExitStatus.js"
import type { Plan } from "./plan.js"

export class Verdict {
  status: ExitStatus | undefined
  endedBy: EndedBy = "unknown"
  /** What `expect` threw, or how the source of an input died. */
  defect: Cause.Cause<never> | undefined
  /** Why the source of an input failed, for which the child was stopped. */
  inputCause: Cause.Cause<unknown> | undefined
  /** What `expect` says of the status, asked once. */
  private isExpected = false
  private stopRequestedBy: "owner" | "scope" | undefined
  /** The step of a stop plan that was at work when it ended. */
  stopStep: string | undefined
  private readonly signalsSent = new Set<string>()

  constructor(private readonly plan: Plan) {}

  /** We ask it to stop. Who asks first has ended it, unless it has ended already. */
  stopRequested(by: "owner" | "scope"): void {
    if (this.status === undefined) this.stopRequestedBy ??= by
  }

  stepBegun(name: string): void {
    if (this.status === undefined) this.stopStep = name
  }

  signalSent(signal: string): void {
    if (this.status === undefined) this.signalsSent.add(signal)
  }

  /** The source of an input fails. Whether that is to end the child: not one that has ended. */
  inputFailed(cause: Cause.Cause<unknown>): boolean {
    if (this.status !== undefined || this.inputCause !== undefined) return false
    this.inputCause = cause
    const died = Cause.keepDefects(cause)
    if (Option.isNone(Cause.failureOption(cause)) && Option.isSome(died)) this.defect = died.value
    return true
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
    // SIGPIPE is of the program's own doing: it wrote to a pipe that nobody reads.
    if (status._tag === "Exited" || (status.signal === "SIGPIPE" && !this.signalsSent.has("SIGPIPE"))) return "child"
    return this.signalsSent.has(status.signal) ? "owner" : "outside"
  }

  private get wasStopped(): boolean {
    return this.endedBy === "owner" || this.endedBy === "scope"
  }

  get isAccepted(): boolean {
    return this.inputCause === undefined && (this.wasStopped || this.isExpected)
  }

  /**
   * Whether it ended in a way that work beside it must hear of, not on request and not as `expect` allows; or is being
   * ended for its input.
   */
  get hasDied(): boolean {
    if (this.inputCause !== undefined) return true
    if (this.status === undefined || this.wasStopped) return false
    return !(this.plan.expectGiven && this.isExpected)
  }

  /** Whether what it left behind is to live on. */
  get letsLeftoversBe(): boolean {
    return this.plan.request.leavable && !this.wasStopped && (this.isExpected || !this.plan.check)
  }
}
