/**
 * One owner at a time, among processes, by a file that names its owner.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { FileError } from "./FileError.js"
import type { FileLock } from "./internal/heldLock.js"
import { acquireWithin, type Timing } from "./internal/lock.js"
import type { LockHeld } from "./LockHeld.js"
import type { ProcessIdentity } from "./ProcessIdentity.js"

/**
 * How a lock is held and waited for. All of it runs on Effect's `Clock`; `wait` is elapsed time, whatever is done to
 * the dates of that clock.
 *
 * - `label`: who holds it, for the message that others get. Default: none.
 * - `wait`: how long `acquire` waits before it fails with `LockHeld`. Default two minutes, twice the time after which
 *   an owner of whom nothing can be told has lost it.
 * - `pollEvery`: how often a waiting claimant looks. Default 100 milliseconds.
 * - `refreshEvery`: how often the owner shows that it is there, and looks whether the lock is still its own. Default
 *   5 seconds.
 * - `staleAfter`: without a refresh for how long an owner of unknown liveness loses the lock. Default 60 seconds, which
 *   is twelve refreshes. Everybody who uses one lock should say the same here.
 *
 * @example
 * ```ts
 * import type { Options } from "@tether/host/FileLock"
 *
 * const options: Options = { label: "journal", wait: "10 seconds" }
 * ```
 */
export interface Options {
  readonly label?: string | undefined
  readonly wait?: Duration.DurationInput | undefined
  readonly pollEvery?: Duration.DurationInput | undefined
  readonly refreshEvery?: Duration.DurationInput | undefined
  readonly staleAfter?: Duration.DurationInput | undefined
}

export type { FileLock } from "./internal/heldLock.js"

/**
 * Takes the lock at `path`, waiting while somebody else has it, and holds it until the scope closes.
 *
 * An owner that is proven gone loses the lock at once, by whatever death; one that is proven alive never does. One of
 * whom nothing can be told (another pid namespace, no `/proc`, a file that is no lock) loses it after `staleAfter`
 * without a refresh. Of any number of claimants exactly one takes the place of a lost owner. The directory must be
 * there.
 *
 * Fails with `LockHeld`, naming the owner, after `wait`. A wait can be interrupted.
 *
 * Limits. The file system must have hard links. Where liveness is unknown, an owner that stood still for longer than
 * `staleAfter` and then goes on may not know for `refreshEvery` that it has been replaced: its `isHeld` does.
 *
 * @example
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as FileLock from "@tether/host/FileLock"
 * import * as ProcessIdentity from "@tether/host/ProcessIdentity"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const program = Effect.gen(function*() {
 *   yield* FileLock.acquire("/tmp/demo/journal.lock", { label: "journal" })
 *   yield* Effect.log("alone")
 * }).pipe(
 *   Effect.scoped,
 *   Effect.provide(Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer))
 * )
 * ```
 */
export const acquire = (
  path: string,
  options: Options = {}
): Effect.Effect<FileLock, LockHeld | FileError, Scope.Scope | FileSystem.FileSystem | ProcessIdentity> =>
  acquireWithin(path, timing(options), Duration.toMillis(options.wait ?? "2 minutes"))

/**
 * Takes the lock at `path` if it can be had now, and otherwise fails with `LockHeld` without waiting. It takes the
 * place of an owner that is proven gone, and never of one of whom nothing can be told: that takes a while of watching.
 *
 * @example
 * ```ts
 * import * as FileLock from "@tether/host/FileLock"
 * import * as Effect from "effect/Effect"
 *
 * const whoHasIt = Effect.scoped(FileLock.tryAcquire("/tmp/demo/journal.lock")).pipe(
 *   Effect.as(undefined),
 *   Effect.catchTag("LockHeld", (held) => Effect.succeed(held.owner))
 * )
 * ```
 */
export const tryAcquire = (
  path: string,
  options: Omit<Options, "wait" | "pollEvery"> = {}
): Effect.Effect<FileLock, LockHeld | FileError, Scope.Scope | FileSystem.FileSystem | ProcessIdentity> =>
  acquireWithin(path, timing(options), 0)

const timing = (options: Options): Timing => ({
  label: options.label ?? "",
  pollEvery: Duration.toMillis(options.pollEvery ?? 100),
  refreshEvery: Duration.toMillis(options.refreshEvery ?? "5 seconds"),
  staleAfter: Duration.toMillis(options.staleAfter ?? "60 seconds")
})
