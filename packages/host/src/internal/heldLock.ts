import type * as Effect from "effect/Effect"
import type { LockOwner } from "../LockHeld.js"

/**
 * A lock that is held.
 *
 * - `isHeld`: whether it is ours at this moment; looks at the file.
 * - `lost`: returns when somebody has removed the lock or taken it, which is noticed within `refreshEvery`. It is also
 *   said in the log, once, as a warning. Who must not go on then races its work with this. It never returns while the
 *   lock is held, nor after a release.
 *
 * @example
 * ```ts
 * import type { FileLock } from "@tether/host/FileLock"
 * import * as Effect from "effect/Effect"
 *
 * const whileHeld = <A, E, R>(lock: FileLock, work: Effect.Effect<A, E, R>) =>
 *   Effect.raceFirst(work, Effect.zipRight(lock.lost, Effect.fail("the lock is lost" as const)))
 * ```
 */
export interface FileLock {
  readonly path: string
  readonly owner: LockOwner
  readonly isHeld: Effect.Effect<boolean>
  readonly lost: Effect.Effect<void>
}
