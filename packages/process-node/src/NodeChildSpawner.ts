/**
 * Children of a Node.js program.
 */
import * as ChildSpawner from "@tether/process/ChildSpawner"
import * as Layer from "effect/Layer"
import { makeDriver } from "./internal/driver.js"
import { theHost } from "./internal/host.js"

/**
 * A `ChildSpawner` over `node:child_process`.
 *
 * On Linux and macOS each child gets its own session and process group, so that Ctrl-C reaches it only through us, and a
 * stop reaches all of its group (`containment: "group"`). Its standard streams are UNIX socket pairs, because Node makes
 * them so: a program that reopens `/dev/stdout` or `/dev/stderr` cannot. Members of the group are named from `/proc`,
 * which macOS does not have: there, leftovers are stopped and not named. On Windows only the leader is stopped
 * (`containment: "none"`).
 *
 * @example
 * ```ts
 * import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 * import * as Effect from "effect/Effect"
 *
 * const program = Supervise.run(Command.make("echo", "hello"), { relay: true }).pipe(
 *   Effect.provide(NodeChildSpawner.layer)
 * )
 * ```
 */
export const layer: Layer.Layer<ChildSpawner.ChildSpawner> = Layer.sync(
  ChildSpawner.ChildSpawner,
  () => ChildSpawner.make(makeDriver(theHost()))
)
