/**
 * The fibers that were started in an effect and have not ended.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Supervisor from "effect/Supervisor"
import * as Tracer from "effect/Tracer"
import { formatSpan } from "./origin.js"
import { siteOf, type Stack, stackAbove } from "./site.js"

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

interface Start {
  readonly stack: Stack
  readonly span: Tracer.AnySpan | undefined
}

export class Fibers extends Supervisor.AbstractSupervisor<void> {
  readonly value = Effect.void
  private readonly starts = new Map<AnyFiber, Start>()
  private hasEnded = false

  override onStart<A, E, R>(
    context: Context.Context<R>,
    _effect: Effect.Effect<A, E, R>,
    _parent: Option.Option<AnyFiber>,
    fiber: Fiber.RuntimeFiber<A, E>
  ): void {
    if (this.hasEnded) return
    const span = Option.getOrUndefined(Context.getOption(context, Tracer.ParentSpan))
    this.starts.set(fiber, { stack: stackAbove(this.onStart), span })
  }

  override onEnd<A, E>(_exit: Exit.Exit<A, E>, fiber: Fiber.RuntimeFiber<A, E>): void {
    this.starts.delete(fiber)
  }

  /** A fiber that was left keeps its supervisor for as long as it lives. */
  end(): void {
    this.hasEnded = true
    this.starts.clear()
  }

  /** A line for each. The span in which it is now says more than the one in which it was started. */
  running(): ReadonlyArray<string> {
    return [...this.starts].map(([fiber, { span, stack }]) => {
      const where = fiber.currentSpan ?? span
      const site = siteOf(stack)
      return (
        `fiber ${FiberId.threadName(fiber.id())}${where === undefined ? "" : ` in ${formatSpan(where)}`}` +
        (site === undefined ? "" : `, created at ${site}`)
      )
    })
  }
}
