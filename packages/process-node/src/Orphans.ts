/**
 * Processes that have lost their host: what survives when a program and its reaper are killed together.
 */
import { Identity } from "@tether/host/ProcessIdentity"
import * as ProcessInfo from "@tether/host/ProcessInfo"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { endOrphans } from "./internal/ending.js"
import { theHost } from "./internal/host.js"
import { findOrphans, type Orphan as Found } from "./internal/orphans.js"

/**
 * One of them: the process, the host that is proven dead, and the number of the child below which the host had it.
 * `isForeign`: it belongs to another user than its host, or runs setuid. Anybody can start such a process with the
 * cookie of somebody else, so it is named and never signalled.
 *
 * @example
 * ```ts
 * import { Orphan } from "@tether/process-node/Orphans"
 * import * as Schema from "effect/Schema"
 *
 * const decode = Schema.decodeUnknown(Orphan)
 * ```
 */
export const Orphan = Schema.Struct({
  process: ProcessInfo.schema,
  host: Identity,
  child: Schema.Int,
  isForeign: Schema.Boolean
})

/**
 * The type of {@link Orphan}.
 *
 * @example
 * ```ts
 * import * as ProcessInfo from "@tether/host/ProcessInfo"
 * import type { Orphan } from "@tether/process-node/Orphans"
 *
 * const line = (orphan: Orphan) => `${ProcessInfo.format(orphan.process)}, of ${orphan.host.pid}`
 * ```
 */
export type Orphan = typeof Orphan.Type

/**
 * What became of the orphans: those that have ended, those that even SIGKILL has not ended within five seconds, and the
 * foreign ones, which were not signalled.
 *
 * @example
 * ```ts
 * import type { Outcome } from "@tether/process-node/Orphans"
 *
 * const isClean = (outcome: Outcome) => outcome.survivors.length === 0
 * ```
 */
export const Outcome = Schema.Struct({
  ended: Schema.Array(Orphan),
  survivors: Schema.Array(Orphan),
  foreign: Schema.Array(Orphan)
})

/**
 * The type of {@link Outcome}.
 *
 * @example
 * ```ts
 * import type { Outcome } from "@tether/process-node/Orphans"
 *
 * const count = (outcome: Outcome) => outcome.ended.length + outcome.survivors.length
 * ```
 */
export type Outcome = typeof Outcome.Type

/**
 * How orphans are ended.
 *
 * - `grace`: how long they may take to end after SIGTERM before they are killed. Default 3 seconds; with 0 they are not
 *   asked.
 *
 * @example
 * ```ts
 * import type { Options } from "@tether/process-node/Orphans"
 *
 * const atOnce: Options = { grace: 0 }
 * ```
 */
export interface Options {
  readonly grace?: Duration.DurationInput | undefined
}

const defaultGrace = Duration.seconds(3)

/**
 * The orphans of this user, the foreign ones among them. A host counts as dead only if it is on record: each host
 * writes a private file before its first contained child. A host that cannot be told dead or alive, such as one in
 * another pid namespace, is taken for alive. A reaper at its work is no orphan, and neither is what its host was told
 * to leave (`leftovers: "leave"`).
 *
 * @example
 * ```ts
 * import * as Orphans from "@tether/process-node/Orphans"
 * import * as Effect from "effect/Effect"
 *
 * const pids = Effect.map(Orphans.find, (orphans) => orphans.map((orphan) => orphan.process.pid))
 * ```
 */
export const find: Effect.Effect<ReadonlyArray<Orphan>> = Effect.sync(() =>
  findOrphans(theHost().machine).map(toPublic)
)

/**
 * Ends the orphans of this user, and whatever they start meanwhile: SIGTERM and SIGCONT first, and SIGKILL for those
 * that are still there after the grace. Each is looked at right before a signal, and for SIGKILL once more while it is
 * stopped. What a living host below an orphan has started is not asked: that host ends it, in its own order.
 *
 * @example
 * ```ts
 * import * as Orphans from "@tether/process-node/Orphans"
 *
 * const program = Orphans.end({ grace: "500 millis" })
 * ```
 */
export const end = (options: Options = {}): Effect.Effect<Outcome> =>
  Effect.suspend(() => endOrphans(theHost().machine, Duration.decode(options.grace ?? defaultGrace))).pipe(
    Effect.map(({ ended, foreign, survivors }) => ({
      ended: ended.map(toPublic),
      survivors: survivors.map(toPublic),
      foreign: foreign.map(toPublic)
    }))
  )

const toPublic = ({ info, isForeign, lost }: Found): Orphan => ({
  process: info,
  host: lost.host,
  child: lost.child,
  isForeign
})
