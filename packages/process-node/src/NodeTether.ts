/**
 * The main effect of a program that has children.
 */
import * as Runtime from "@effect/platform/Runtime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { theHost } from "./internal/host.js"
import { MainProgram } from "./internal/mainProgram.js"

/**
 * The options of {@link runMain}. The first three are those of `NodeRuntime.runMain`.
 *
 * - `disableErrorReporting`: a failure is not reported in the log. Default false.
 * - `disablePrettyLogger`: the log stays as it is. Default false.
 * - `teardown`: decides about the exit code. It has the last word: after a signal too, the code is the one it gives.
 * - `stopBound`: how long a stop may take before it is looked into. Default 10 s: the default stop plan, and the time
 *   that the kernel gets to end what was killed. Give it more than your longest plan.
 * - `dumpFile`: where it is written what lives. Default: `tether-<pid>.dump` in the directory of the system for
 *   temporary files.
 *
 * @example
 * ```ts
 * import type { RunMainOptions } from "@tether/process-node/NodeTether"
 *
 * const options: RunMainOptions = { stopBound: "1 minute", dumpFile: "/var/log/my-server.dump" }
 * ```
 */
export interface RunMainOptions {
  readonly disableErrorReporting?: boolean | undefined
  readonly disablePrettyLogger?: boolean | undefined
  readonly teardown?: Runtime.Teardown | undefined
  readonly stopBound?: Duration.DurationInput | undefined
  readonly dumpFile?: string | undefined
}

/**
 * Runs the main effect of a program, and ends the program with it. It takes the place of `NodeRuntime.runMain` where
 * children are to be stopped by their plans whatever ends the program, as long as there is time for that.
 *
 * - **The effect ends**: a success leaves the program to end by itself, with code 0. A failure is reported in the log,
 *   and the code is 1.
 * - **SIGINT, SIGTERM, SIGHUP or SIGQUIT**: the main fiber is interrupted, its scopes close, children are stopped by
 *   their plans. The code is 128 and the number of the signal, also if something fails on the way.
 * - **A second one**: everything that is contained is killed, and the program exits at once with the code of the
 *   second. SIGHUP does not count as a second one: the end of a terminal is often told twice.
 * - **An error that nobody catches, a rejection that nobody handles**: it is printed to stderr, the main fiber is
 *   interrupted as by a signal, and the code is 1. More of them are printed, and change nothing. If the program has not
 *   stopped within `stopBound`, everything is killed.
 * - **A stop by a signal that takes longer than `stopBound`**: the state of the program is written to `dumpFile`, the
 *   log says so, and the stop goes on. Nothing is killed that no plan kills: what takes so long may be work of your
 *   own.
 * - **SIGUSR2**: the state is written, and the program goes on.
 * - **`process.exit()`**: children get SIGTERM, a fifth of a second, and SIGKILL. That is so without `runMain` too.
 *
 * The state is a table of the children that live, by their labels, and a dump of the fibers. The file is replaced as a
 * whole, can be read by this user alone, and is not there before it is needed. What goes wrong with it is told in the
 * log, once. Nothing of this is written to stderr.
 *
 * All listeners are removed when the main fiber ends.
 *
 * @example
 * ```ts
 * import * as Command from "@effect/platform/Command"
 * import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
 * import * as NodeTether from "@tether/process-node/NodeTether"
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Effect from "effect/Effect"
 *
 * Supervise.run(Command.make("my-server"), { relay: true }).pipe(
 *   Effect.provide(NodeChildSpawner.layer),
 *   NodeTether.runMain
 * )
 * ```
 */
export const runMain: {
  (options?: RunMainOptions): <E, A>(effect: Effect.Effect<A, E>) => void
  <E, A>(effect: Effect.Effect<A, E>, options?: RunMainOptions): void
} = dual(
  (args) => Effect.isEffect(args[0]),
  <E, A>(effect: Effect.Effect<A, E>, options: RunMainOptions = {}): void => {
    const program = new MainProgram(theHost(), {
      dumpFile: options.dumpFile ?? join(tmpdir(), `tether-${process.pid}.dump`),
      stopBound: Duration.decode(options.stopBound ?? "10 seconds")
    })
    const run = Runtime.makeRunMain(({ fiber, teardown }) => {
      fiber.addObserver((exit) => teardown(exit, program.exit))
    })
    run(
      Effect.withFiberRuntime<A, E>((fiber) => {
        program.begin(fiber)
        return effect
      }),
      { ...options, teardown: options.teardown ?? program.teardown }
    )
  }
)
