/**
 * Who lives, asked of somebody else than the spawner.
 */
import type { ProcessInfo } from "@tether/host/ProcessInfo"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import { survivorsOf } from "../../Survivors.js"

/**
 * What a case asks for the living processes that were started with an entry, `NAME=value`, in their environment; by
 * default `survivorsOf`, which asks Linux. It is an oracle: it must see also what the spawner has lost sight of.
 *
 * @example
 * ```ts
 * import * as SpawnerSuite from "@tether/vitest/SpawnerSuite"
 * import * as Effect from "effect/Effect"
 *
 * const blindly = Effect.forEach(SpawnerSuite.cases, ({ run }) => run, { discard: true }).pipe(
 *   Effect.provideService(SpawnerSuite.Oracle, () => Effect.succeed([]))
 * )
 * ```
 */
export class Oracle extends Context.Reference<Oracle>()("@tether/vitest/SpawnerSuite/Oracle", {
  defaultValue: (): ((entry: string) => Effect.Effect<ReadonlyArray<ProcessInfo>>) => survivorsOf
}) {}
