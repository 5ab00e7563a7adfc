/**
 * The lines of a hub as a handle reads them.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Child, Lagged, OutputLine, ReadOptions } from "../Child.js"
import { type Clocks, Hub, type Subscription } from "./hub.js"
import type { Plan } from "./plan.js"

export const makeHub = (clocks: Clocks, { deliverGrace }: Plan): Hub => new Hub(clocks, Duration.toMillis(deliverGrace))

const released = (subscribe: Effect.Effect<Subscription>): Effect.Effect<Subscription, never, Scope.Scope> =>
  Effect.acquireRelease(subscribe, (subscription) => Effect.sync(() => subscription.close()))

/** The lines of stdout from now on, until the scope closes. It does not count as a reader. */
export const subscribeStdout = (hub: Hub): Effect.Effect<Subscription, never, Scope.Scope> =>
  released(Effect.sync(() => hub.subscribe(["stdout"], 0, "suspend")))

const subscribeReader = (hub: Hub, options: ReadOptions = {}): Effect.Effect<Subscription, never, Scope.Scope> =>
  released(
    Effect.suspend(() => {
      const subscription = hub.subscribeReader(
        options.streams ?? ["stdout", "stderr"],
        options.replay,
        options.onSlow ?? "suspend"
      )
      const { endOfTurn } = hub
      // A daemon: the turn ends although this reader leaves.
      return endOfTurn === undefined
        ? Effect.succeed(subscription)
        : Effect.as(Effect.forkDaemon(endOfTurn), subscription)
    })
  )

/** The part of a handle that reads lines, of one process or of several. */
export class Reading {
  readonly read: Child["read"]

  constructor(hub: Hub) {
    this.read = ((options?: ReadOptions): Stream.Stream<OutputLine | Lagged> =>
      Stream.fromPull(Effect.map(subscribeReader(hub, options), (subscription) => subscription.take))) as Child["read"]
  }

  // Made when they are asked for: most children have no reader.

  get lines(): Stream.Stream<OutputLine | Lagged> {
    return this.read()
  }

  get stdout(): Stream.Stream<OutputLine | Lagged> {
    return this.read({ streams: ["stdout"] })
  }

  get stderr(): Stream.Stream<OutputLine | Lagged> {
    return this.read({ streams: ["stderr"] })
  }
}
