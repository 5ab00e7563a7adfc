/**
 * Who holds a lock that was asked for.
 */
import * as Schema from "effect/Schema"
import { Identity } from "./ProcessIdentity.js"
import * as RecordFields from "./RecordFields.js"
import * as TerminalText from "./TerminalText.js"

/**
 * The owner of a lock, as it stands in the lock's file. `nonce` tells one holding from every other; `since` is when it
 * began, in milliseconds since the epoch; `identity` is missing where nobody could tell its own (see
 * `ProcessIdentity`).
 *
 * @example
 * ```ts
 * import type { LockOwner } from "@tether/host/LockHeld"
 *
 * const words = (owner: LockOwner) => `${owner.label} of process ${owner.pid}`
 * ```
 */
export const LockOwner = Schema.Struct({
  pid: RecordFields.Pid,
  identity: Schema.UndefinedOr(Identity),
  label: Schema.String,
  nonce: RecordFields.Id,
  since: RecordFields.Timestamp
})

/**
 * The type of {@link LockOwner}.
 *
 * @example
 * ```ts
 * import type { LockOwner } from "@tether/host/LockHeld"
 *
 * const isOurs = (owner: LockOwner) => owner.pid === process.pid
 * ```
 */
export type LockOwner = typeof LockOwner.Type

/**
 * A lock was not to be had: `owner` holds it (it is `undefined` where the file cannot be read as a lock), and
 * `liveness` is what could be told of it. `gone` means that another claimant is about to take its place.
 *
 * @example
 * ```ts
 * import * as FileLock from "@tether/host/FileLock"
 * import * as Effect from "effect/Effect"
 *
 * const once = Effect.scoped(FileLock.tryAcquire("/tmp/demo/run.lock")).pipe(
 *   Effect.catchTag("LockHeld", (held) => Effect.logInfo(held.message))
 * )
 * ```
 */
export class LockHeld extends Schema.TaggedError<LockHeld>()("LockHeld", {
  path: Schema.String,
  owner: Schema.UndefinedOr(LockOwner),
  liveness: Schema.Literal("alive", "gone", "unknown")
}) {
  /** Who holds which lock, in one line. */
  override get message(): string {
    const lock = `the lock ${TerminalText.quote(this.path)} is held by`
    if (this.owner === undefined) return `${lock} nobody who can be named: it is no lock file, or of a later version`
    const process = `${lock} process ${this.owner.pid} ${TerminalText.quote(this.owner.label)}`
    switch (this.liveness) {
      case "alive":
        return `${process}, which is running`
      case "unknown":
        return `${process}, of which nothing can be told from here`
      case "gone":
        return `${process}, which has ended; another claimant is taking its place`
    }
  }
}
