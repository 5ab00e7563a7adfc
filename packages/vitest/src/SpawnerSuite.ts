// oxlint-disable-next-line no-restricted-imports -- it has no other module, and whoever runs tests has loaded it
import { it } from "@effect/vitest"
/**
 * What a `ChildSpawner` must do, as tests that any of them can be held to.
 */
import type { ProcessInfo } from "@tether/host/ProcessInfo"
import type { ChildSpawner } from "@tether/process/ChildSpawner"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe } from "vitest"
import type * as internal from "./internal/suite/case.js"
import { missingDirectory, missingProgram } from "./internal/suite/children.js"
import { descriptors } from "./internal/suite/descriptors.js"
import { flood } from "./internal/suite/flood.js"
import { input } from "./internal/suite/input.js"
import { lines } from "./internal/suite/lines.js"
import { Oracle } from "./internal/suite/oracle.js"
import { order } from "./internal/suite/order.js"
import { outcome } from "./internal/suite/outcome.js"
import { pipelines } from "./internal/suite/pipelines.js"
import { scope } from "./internal/suite/scope.js"
import { spawn } from "./internal/suite/spawn.js"
import { stop } from "./internal/suite/stop.js"
import { tail } from "./internal/suite/tail.js"
import * as Script from "./Script.js"
import * as ScriptProgram from "./ScriptProgram.js"
import { survivorsOf } from "./Survivors.js"
import * as TestSpawner from "./TestSpawner.js"

/**
 * What not every runtime can do. All else is asked of every spawner.
 *
 * - `signals`: a child hears POSIX signals, and a death by one is told from an exit.
 * - `stops`: a child that is stopped by SIGSTOP is reached by a stop plan all the same.
 * - `groups`: a stop, and an exit, end what the child has started itself in its process group.
 * - `trees`: they also end what has left the group for a session of its own.
 * - `holders`: who holds a pipe open after the end of a child is named.
 * - `pipelines`: commands that are piped into each other.
 * - `descriptors`: descriptors above stderr.
 * - `files`: a file in the place of a pipe.
 *
 * @example
 * ```ts
 * import type { Capability } from "@tether/vitest/SpawnerSuite"
 *
 * const ofPosix: ReadonlyArray<Capability> = ["signals", "stops", "groups"]
 * ```
 */
export type Capability = internal.Capability

/**
 * One thing that a spawner must do, as a value. `run` starts children by the spawner, in real time, and fails or dies
 * if that is not how they behave. It leaves no child behind, unless the spawner does; it sets itself no time limit. A
 * case that `needs` a capability is of no meaning for a spawner without it.
 *
 * @example
 * ```ts
 * import type { Case } from "@tether/vitest/SpawnerSuite"
 * import * as Effect from "effect/Effect"
 *
 * const hasPassed = (each: Case) =>
 *   Effect.isSuccess(Effect.sandbox(Effect.timeout(Effect.disconnect(each.run), "20 seconds")))
 * ```
 */
export interface Case extends internal.Case {}

/**
 * All cases: what {@link spawnerSuite} makes tests of, to be run by other means.
 *
 * @example
 * ```ts
 * import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
 * import * as SpawnerSuite from "@tether/vitest/SpawnerSuite"
 * import * as Effect from "effect/Effect"
 *
 * const failures = Effect.forEach(SpawnerSuite.cases, ({ name, run }) =>
 *   run.pipe(Effect.as([]), Effect.catchAllCause(() => Effect.succeed([name])))
 * ).pipe(Effect.map((names) => names.flat()), Effect.provide(NodeChildSpawner.layer))
 * ```
 */
export const cases: ReadonlyArray<Case> = [
  ...outcome,
  ...lines,
  ...order,
  ...tail,
  ...flood,
  ...input,
  ...stop,
  ...scope,
  ...spawn,
  ...pipelines,
  ...descriptors
]

/**
 * The rules by which a `TestSpawner` plays the children of the cases, and refuses those that cannot be started.
 *
 * @example
 * ```ts
 * import * as SpawnerSuite from "@tether/vitest/SpawnerSuite"
 * import * as TestSpawner from "@tether/vitest/TestSpawner"
 *
 * const layer = TestSpawner.layer(...SpawnerSuite.rules)
 * ```
 */
export const rules: ReadonlyArray<TestSpawner.Rule> = [
  TestSpawner.program(missingProgram, Script.refuse("NotFound", "there is no such program", "ENOENT")),
  TestSpawner.when(
    "a child in a directory that is not there",
    ({ cwd }) => cwd === missingDirectory,
    Script.refuse("BadWorkingDirectory", "there is no such directory", "ENOENT")
  ),
  ScriptProgram.rule
]

export { Oracle }

/**
 * The oracle of scripted children: who lives of those that a `TestSpawner` has started.
 *
 * @example
 * ```ts
 * import * as SpawnerSuite from "@tether/vitest/SpawnerSuite"
 * import * as TestSpawner from "@tether/vitest/TestSpawner"
 *
 * SpawnerSuite.spawnerSuite("TestSpawner", TestSpawner.layer(...SpawnerSuite.rules), {
 *   survivors: SpawnerSuite.scriptedSurvivors
 * })
 * ```
 */
export const scriptedSurvivors = (
  entry: string
): Effect.Effect<ReadonlyArray<ProcessInfo>, never, TestSpawner.TestSpawner> =>
  Effect.map(TestSpawner.TestSpawner, ({ children }) =>
    children
      .filter(({ request }) => [...(request.env ?? [])].some(([name, value]) => `${name}=${value}` === entry))
      .flatMap(({ living }) => living)
  )

/**
 * What is said of a spawner. All optional.
 *
 * - `survivors`: its {@link Oracle}, which may ask services of the spawner's own layer. Default: `survivorsOf`.
 * - `absent`: what the runtime cannot do, each with the reason. Default: nothing.
 *
 * @example
 * ```ts
 * import type { SpawnerCapabilities } from "@tether/vitest/SpawnerSuite"
 *
 * const onWindows: SpawnerCapabilities = {
 *   absent: { signals: "Windows has none", stops: "Windows has no SIGSTOP", groups: "Windows has no process groups" }
 * }
 * ```
 */
export interface SpawnerCapabilities<R = never> {
  readonly survivors?: ((entry: string) => Effect.Effect<ReadonlyArray<ProcessInfo>, never, R>) | undefined
  readonly absent?: Partial<Readonly<Record<Capability, string>>> | undefined
}

/**
 * Registers every case as a test of a spawner. Each has the layer anew, real time, and five minutes, which end only
 * what hangs. The cases of a capability that is absent are printed as skipped, each under the reason.
 *
 * The children are scripts, run as `node play.mjs …`: a spawner must be able to start that, or play it by {@link
 * rules}.
 *
 * @example
 * ```ts
 * import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
 * import { spawnerSuite } from "@tether/vitest/SpawnerSuite"
 *
 * spawnerSuite("NodeChildSpawner", NodeChildSpawner.layer, {
 *   absent: { trees: "this machine hides the environment of processes" }
 * })
 * ```
 */
export const spawnerSuite = <E, R = never>(
  name: string,
  layer: Layer.Layer<ChildSpawner | R, E>,
  { absent = {}, survivors }: SpawnerCapabilities<R> = {}
): void => {
  const oracle = Effect.map(
    Effect.context<R>(),
    (services) => (entry: string) =>
      survivors === undefined ? survivorsOf(entry) : Effect.provide(survivors(entry), services)
  )
  const whole: Layer.Layer<ChildSpawner, E> = Layer.merge(layer, Layer.provide(Layer.effect(Oracle, oracle), layer))

  describe(name, () => {
    for (const { name, needs, run } of cases) {
      if (needs === undefined || absent[needs] === undefined) it.live(name, () => Effect.provide(run, whole), timeLimit)
    }
    for (const [capability, reason] of Object.entries(absent)) {
      if (reason === undefined) continue
      describe(`without ${capability}: ${reason}`, () => {
        // Vitest prints what is skipped by a note in every run, and else only where a single file is run.
        for (const { name, needs } of cases) if (needs === capability) it(name, (test) => test.skip(`no ${capability}`))
      })
    }
  })
}

const timeLimit = 300_000
