/**
 * What a journal does, and what it is asked.
 */
import type { FileError } from "@tether/host/FileError"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { Event, ExitRecord } from "../ExitRecord.js"

/**
 * Which records are asked for; all of them, where nothing is said. Times are in milliseconds since the epoch, `until` is not
 * included.
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
 * What is to be recorded: a record without what the journal knows itself. `ts` is the present, unless it is given.
 *
 * @example
 * ```ts
 * import type { Draft } from "@tether/journal/ExitJournal"
 *
 * const ended: Draft = { ev: "session-exit", identity: "night-build", deadStatus: 1, endedBy: "child" }
 * ```
 */
export type Draft = Omit<ExitRecord, "id" | "ts" | "host" | "writer"> & { readonly ts?: number | undefined }

/**
 * The service `ExitJournal`, whose comment says what each of these does.
 *
 * @example
 * ```ts
 * import type { JournalService } from "@tether/journal/ExitJournal"
 *
 * const last = (journal: JournalService, identity: string) => journal.lastExit(identity)
 * ```
 */
export interface JournalService {
  readonly append: (draft: Draft) => Effect.Effect<ExitRecord, FileError>
  readonly records: (query?: Query) => Stream.Stream<ExitRecord, FileError>
  readonly follow: (query?: Query) => Stream.Stream<ExitRecord, FileError>
  readonly lastExit: (identity: string) => Effect.Effect<Option.Option<ExitRecord>, FileError>
  readonly losses: Effect.Effect<number>
}
