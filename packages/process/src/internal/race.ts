/**
 * Work beside a child that must not outlive it.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ProcessFailed } from "../ProcessFailed.js"

/** What is asked of the child. */
export interface Mortal {
  readonly exited: Effect.Effect<unknown>
  /** Time for a death that has happened to become known. */
  readonly settle: Effect.Effect<void>
  /** Whether it has ended in a way that work beside it must hear of. */
  readonly hasDied: () => boolean
  /** What it died of, once its output is there. */
  readonly failure: (bodyCause?: Cause.Cause<unknown>) => Effect.Effect<never, ProcessFailed>
}

export class Race {
  /** The failures that were made here, to tell them from those of the work. */
  private readonly raised = new WeakSet<ProcessFailed>()

  constructor(private readonly child: Mortal) {}

  /** The work, or the failure if the child dies first. */
  readonly run = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E | ProcessFailed, R> =>
    Effect.matchCauseEffect(Effect.raceFirst(work, this.diedFirst()), {
      onSuccess: (value) => this.unlessDead(Effect.succeed(value)),
      onFailure: (cause) =>
        Cause.isInterruptedOnly(cause) || this.isOwn(cause)
          ? Effect.failCause(cause)
          : this.unlessDead(Effect.failCause(cause), cause)
    })

  /**
   * The outcome of work beside the child, or its failure if the child has died. What the work saw of that death (the
   * end of its output, a reset connection) may be here before the death itself.
   */
  unlessDead<A, E>(
    outcome: Effect.Effect<A, E>,
    bodyCause?: Cause.Cause<unknown>
  ): Effect.Effect<A, E | ProcessFailed> {
    return Effect.zipRight(
      this.child.settle,
      Effect.suspend((): Effect.Effect<A, E | ProcessFailed> => (this.child.hasDied() ? this.fail(bodyCause) : outcome))
    )
  }

  /** Never, or the failure once the child has died and its output is there. */
  private diedFirst(): Effect.Effect<never, ProcessFailed> {
    return Effect.flatMap(this.child.exited, () => (this.child.hasDied() ? this.fail() : Effect.never))
  }

  private fail(bodyCause?: Cause.Cause<unknown>): Effect.Effect<never, ProcessFailed> {
    return Effect.tapError(this.child.failure(bodyCause), (error) => Effect.sync(() => this.raised.add(error)))
  }

  private isOwn(cause: Cause.Cause<unknown>): boolean {
    return Option.exists(
      Cause.failureOption(cause),
      (error) => error instanceof ProcessFailed && this.raised.has(error)
    )
  }
}
