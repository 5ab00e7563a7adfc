/**
 * The lines of a hub as a handle reads them.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Child, Lagged, OutputLine, ReadOptions } from "../Child.js"
import { Hub, type Subscription } from "./hub.js"
import type { Plan } from "./plan.js"

export const makeHub = (clock: Clock.Clock, { deliverGrace }: Plan): Hub =>
  new Hub(clock, Duration.toMillis(deliverGrace))

/** What a reader takes from, from now on until its scope closes. */
export const subscribe = (hub: Hub, options: ReadOptions = {}): Effect.Effect<Subscription, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() =>
      hub.subscribe(options.streams ?? ["stdout", "stderr"], options.replay ?? 0, options.onSlow ?? "suspend")
    ),
    (subscription) => Effect.sync(() => subscription.close())
  )

/** The part of a handle that reads lines, of one process or of several. */
export class Reading {
  readonly read: Child["read"]

  constructor(hub: Hub) {
    this.read = ((options?: ReadOptions): Stream.Stream<OutputLine | Lagged> =>
      Stream.fromPull(Effect.map(subscribe(hub, options), (subscription) => subscription.take))) as Child["read"]
  }

  // Made when they are asked for: most children have no reader.

  get lines(): Stream.Stream<OutputLine> {
    return this.read()
  }

  get stdout(): Stream.Stream<OutputLine> {
    return this.read({ streams: ["stdout"] })
  }

  get stderr(): Stream.Stream<OutputLine> {
    return this.read({ streams: ["stderr"] })
  }
}
