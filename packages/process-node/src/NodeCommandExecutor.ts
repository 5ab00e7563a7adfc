/**
 * `@effect/platform`'s `CommandExecutor` for a Node.js program, over children of ours.
 */
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import * as ChildCommandExecutor from "@tether/process/ChildCommandExecutor"
import * as Layer from "effect/Layer"
import * as NodeChildSpawner from "./NodeChildSpawner.js"

/**
 * A `CommandExecutor` in the place of the one of `@effect/platform-node`, which needs nothing else: the rules of
 * `ChildCommandExecutor.make` over the children of `NodeChildSpawner.layer`. Provide it nearer to the program than
 * `NodeContext.layer`, which has the other one in it.
 *
 * @example
 * ```ts
 * import * as Command from "@effect/platform/Command"
 * import * as NodeCommandExecutor from "@tether/process-node/NodeCommandExecutor"
 * import * as Effect from "effect/Effect"
 *
 * const version = Command.string(Command.make("node", "--version")).pipe(
 *   Effect.provide(NodeCommandExecutor.layer)
 * )
 * ```
 */
export const layer: Layer.Layer<CommandExecutor> = Layer.provide(ChildCommandExecutor.layer, NodeChildSpawner.layer)

/**
 * {@link layer}, with something to say of its children.
 *
 * @example
 * ```ts
 * import * as NodeCommandExecutor from "@tether/process-node/NodeCommandExecutor"
 * import * as StopPlan from "@tether/process/StopPlan"
 *
 * const layer = NodeCommandExecutor.layerWith({ stop: StopPlan.make(StopPlan.signal("SIGTERM", "30 seconds")) })
 * ```
 */
export const layerWith = (options: ChildCommandExecutor.Options): Layer.Layer<CommandExecutor> =>
  Layer.provide(ChildCommandExecutor.layerWith(options), NodeChildSpawner.layer)
