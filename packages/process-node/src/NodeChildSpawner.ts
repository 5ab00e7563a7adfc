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
 * On Linux and macOS each child gets its own session and process group, so that Ctrl-C reaches it only through us.
 * Where no level of containment is asked for, it is `"tree"` on Linux (`"group"`, with a warning in the log, where
 * `/proc` shows other processes than ours, or is not there), `"group"` on macOS, because every look at other processes
 * is a spawn of `ps` there, and `"none"` on Windows. Before the first child that is contained, a reaper is started,
 * which ends all of them when this program is killed, and what other programs of this user have left that were killed
 * together with theirs is ended, and named in the log: {@link layerWith} has the choice.
 *
 * What is said of macOS and Windows was written without either. On Windows a stop goes down from the leader by
 * `taskkill /T`, leftovers are neither found nor named, and nothing ends children when this program is killed.
 *
 * Standard streams are UNIX socket pairs, because Node makes them so: a program that reopens `/dev/stdout` or
 * `/dev/stderr` cannot.
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
export const layer: Layer.Layer<ChildSpawner.ChildSpawner> = Layer.suspend(() => layerWith({}))

/**
 * The options of {@link layerWith}.
 *
 * @example
 * ```ts
 * import type { Options } from "@tether/process-node/NodeChildSpawner"
 *
 * const careful: Options = { orphans: "report" }
 * ```
 */
export interface Options {
  /**
   * What is done, before the first contained child is started, about processes of this user whose host was killed
   * together with its reaper. `"end"`, the default, sends them SIGKILL; `"report"` leaves them alone. Either names them
   * in one warning in the log, with the host's command and the time of its death. `"ignore"` does not look for them.
   */
  readonly orphans?: "end" | "report" | "ignore" | undefined
}

/**
 * {@link layer}, with a choice about what dead programs have left. A program has one host, whatever number of layers it
 * builds: each layer's choice applies when its first contained child is started, and what was done once is not
 * repeated.
 *
 * @example
 * ```ts
 * import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
 *
 * const layer = NodeChildSpawner.layerWith({ orphans: "report" })
 * ```
 */
export const layerWith = (options: Options): Layer.Layer<ChildSpawner.ChildSpawner> =>
  Layer.sync(ChildSpawner.ChildSpawner, () => ChildSpawner.make(makeDriver(theHost(), options.orphans ?? "end")))
