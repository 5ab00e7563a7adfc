/**
 * What a journal does, and what it is asked.
 */
import type { FileError } from "@tether/host/FileError"
import type { Liveness } from "@tether/host/ProcessIdentity"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { Event, ExitRecord } from "../ExitRecord.js"

/**
 * Which records are asked for; all of them, where nothing is said. Times are in milliseconds since the epoch, `until`
 * is not included.
 *
 * @example
 * ```ts
 * import type { Query } from "@tether/journal/ExitJournal"
 *
 * const deathsOfToday: Query = { events: ["session-exit"], since: Date.now() - 86_400_000 }
 * ```
 */
export interface Query {
  readonly identity?: string | undefined
  readonly events?: ReadonlyArray<Event> | undefined
  readonly since?: number | undefined
  readonly until?: number | undefined
}

/**
 * What is to be recorded: a record without what the journal knows itself, unless it is given. `ts` is the present, and
 * `id` sorts by time. `writer` is this process, unless somebody else is to record the end, as `pid:start token`: while
 * that lives, the start is its business.
 *
 * @example
 * ```ts
 * import type { Draft } from "@tether/journal/ExitJournal"
 *
 * const ended: Draft = { ev: "session-exit", identity: "night-build", deadStatus: 1, endedBy: "child" }
 * ```
 */
export type Draft = Omit<ExitRecord, "id" | "ts" | "host"> & {
  readonly id?: string | undefined
  readonly ts?: number | undefined
}

/**
 * A start that has no end on record. `state` is
 *
 * - `watched`: the program that is to record its end still runs;
 * - `alive`: that program has gone, and this one lives on;
 * - `gone`: both have, so that nobody knows how it ended. `reason` says all that is known: `reboot`, `supervisor-died`,
 *   or `vanished` where nothing is known of the program either;
 * - `unknown`: it cannot be told from here, as in another pid namespace.
 *
 * `liveness` is that of the process itself: one that is `watched` and `gone` has ended just now, or its end could not
 * be written.
 *
 * @example
 * ```ts
 * import type { Unfinished } from "@tether/journal/ExitJournal"
 *
 * const isRunning = ({ state }: Unfinished) => state === "watched" || state === "alive"
 * ```
 */
export interface Unfinished {
  readonly start: ExitRecord
  readonly state: "watched" | "alive" | "gone" | "unknown"
  readonly liveness: Liveness
  readonly reason?: "reboot" | "supervisor-died" | "vanished" | undefined
}

/**
 * What can be read of a journal.
 *
 * - `records`: what there is, oldest first. `newestFirst`: the same from its end, for whoever needs only the last ones:
 *   no more is read than is taken. `follow`: what there is, and whatever comes, also across rotations.
 * - `lastExit`: the last end of an identity.
 * - `unfinished`: the starts that have no end, as they stand now.
 *
 * @example
 * ```ts
 * import type { Reader } from "@tether/journal/ExitJournal"
 *
 * const last = (journal: Reader, identity: string) => journal.lastExit(identity)
 * ```
 */
export interface Reader {
  readonly records: (query?: Query) => Stream.Stream<ExitRecord, FileError>
  readonly newestFirst: (query?: Query) => Stream.Stream<ExitRecord, FileError>
  readonly follow: (query?: Query) => Stream.Stream<ExitRecord, FileError>
  readonly lastExit: (identity: string) => Effect.Effect<Option.Option<ExitRecord>, FileError>
  readonly unfinished: (identity?: string) => Effect.Effect<ReadonlyArray<Unfinished>, FileError>
}

/**
 * The service `ExitJournal`: a reader that writes, too.
 *
 * - `append`: writes a record as a whole, and answers with it. It fails if it cannot; whoever asks decides what that
 *   means.
 * - `make`: the record of a draft, which is not written by that: for whoever must tell others of it first.
 * - `losses`: how many records of children could not be written since the journal was opened.
 *
 * @example
 * ```ts
 * import type { JournalService } from "@tether/journal/ExitJournal"
 *
 * const noted = (journal: JournalService) =>
 *   journal.append({ ev: "session-exit", identity: "web", deadStatus: 1, endedBy: "child" })
 * ```
 */
export interface JournalService extends Reader {
  readonly append: (draft: Draft) => Effect.Effect<ExitRecord, FileError>
  readonly make: (draft: Draft) => Effect.Effect<ExitRecord>
  readonly losses: Effect.Effect<number>
}
