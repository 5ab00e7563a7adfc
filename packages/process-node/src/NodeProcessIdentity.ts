/**
 * Which process a pid means, where Node.js can tell.
 */
import * as ProcessIdentity from "@tether/host/ProcessIdentity"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { identify, livenessOf } from "./internal/machine.js"
import { makeMachine } from "./internal/platform.js"

/**
 * A `ProcessIdentity` for Linux and macOS that needs nothing else. Elsewhere no process is identified, and every
 * liveness is `unknown`.
 *
 * On Linux it answers what the layer of `@tether/host` answers, from `/proc`. On macOS it asks `ps`, which takes a few
 * milliseconds in which the program stands still, and a process is told from others with its pid by the second in which
 * it was started. An answer is not older than the question.
 *
 * @example
 * ```ts
 * import { ProcessIdentity } from "@tether/host/ProcessIdentity"
 * import * as NodeProcessIdentity from "@tether/process-node/NodeProcessIdentity"
 * import * as Effect from "effect/Effect"
 *
 * const self = ProcessIdentity.pipe(
 *   Effect.flatMap((processes) => processes.identify(process.pid)),
 *   Effect.provide(NodeProcessIdentity.layer)
 * )
 * ```
 */
export const layer: Layer.Layer<ProcessIdentity.ProcessIdentity> = Layer.sync(ProcessIdentity.ProcessIdentity, () => {
  const machine = makeMachine()
  return ProcessIdentity.ProcessIdentity.of({
    identify: (pid) => Effect.sync(() => Option.fromNullable(identify(machine, pid))),
    liveness: (identity) => Effect.sync(() => livenessOf(machine, identity))
  })
})
