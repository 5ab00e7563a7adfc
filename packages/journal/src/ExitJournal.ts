/**
 * The journal: a record of every beginning and every end, kept before anyone can see the end.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as ChildObserver from "@tether/process/ChildObserver"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { fileStore, readStore } from "./internal/fileStore.js"
import { makeJournal } from "./internal/journal.js"
import { memoryStore, noStore } from "./internal/memoryStore.js"
import { makeObserver } from "./internal/observer.js"
import { makeReader } from "./internal/reader.js"
import { recover } from "./internal/recovery.js"
import type { JournalService, Reader } from "./internal/service.js"
import { makeSurroundings } from "./internal/setting.js"

export type { Draft, JournalService, Query, Reader, Unfinished } from "./internal/service.js"

/**
 * Keeps records, and reads them.
 *
 * It is a `Reader` of what is there, and `append` adds to it. Most records come by themselves, from children.
 *
 * @example
 * ```ts
 * import { ExitJournal } from "@tether/journal/ExitJournal"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * const why = Effect.flatMap(ExitJournal, (journal) => journal.lastExit("night-build")).pipe(
 *   Effect.map(Option.map((record) => record.endedBy))
 * )
 * ```
 */
export class ExitJournal extends Context.Tag("@tether/journal/ExitJournal")<ExitJournal, JournalService>() {}

/**
 * Where the journal is, and how it is written.
 *
 * - `directory`: made with mode 0700 where it is not there; the records are in `exits.log`, mode 0600. Without it
 *   nothing is written, and nothing else changes.
 * - `format`: of new lines, `"logfmt"` (the default) or `"json"`. What is read may be a mix of both.
 * - `fsync`: when records are brought to the disk: `"never"`; `"onExit"`, the default, after the record of an end,
 *   several at once, not awaited but when the journal closes; `"always"`, and awaited. What was written survives the
 *   death of every process in any case; this is about power cuts.
 * - `maxBytes`, `keep`: it is rotated above 5 MiB, and 5 older files are kept.
 *
 * @example
 * ```ts
 * import type { FileOptions } from "@tether/journal/ExitJournal"
 *
 * const options: FileOptions = { directory: "/var/log/builds", format: "json", fsync: "always" }
 * ```
 */
export interface FileOptions {
  readonly directory: string | undefined
  readonly format?: "logfmt" | "json" | undefined
  readonly fsync?: "never" | "onExit" | "always" | undefined
  readonly maxBytes?: number | undefined
  readonly keep?: number | undefined
}

/**
 * A journal in a directory, which any number of programs may share. It is also a `ChildObserver` of whatever runs
 * below, next to others: each child has a record once it is registered, and one of its end before anyone can see that.
 * A record that cannot be written within a second is given up, counted, and said once; no child waits for longer.
 *
 * When it is opened, each start without an end is looked at. Whose writer still lives is left to that. What is still
 * alive is reported in the log, as is what nobody can tell. What is gone gets its end, with the reason
 * `supervisor-died`, `reboot` or `vanished`.
 *
 * @example
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as ProcessIdentity from "@tether/host/ProcessIdentity"
 * import * as ExitJournal from "@tether/journal/ExitJournal"
 * import * as Layer from "effect/Layer"
 *
 * const layer = ExitJournal.layerFile({ directory: "/var/log/builds" }).pipe(
 *   Layer.provide(Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer))
 * )
 * ```
 */
export const layerFile = (
  options: FileOptions
): Layer.Layer<ExitJournal, FileError, FileSystem.FileSystem | ProcessIdentity> => {
  const { directory } = options
  if (directory === undefined) return layerNone
  if (directory === "")
    return Layer.fail(FileAttempt.refused("open the exit journal in", directory, "Invalid", "it has no name"))
  return withObserver(
    Effect.gen(function* () {
      const surroundings = yield* makeSurroundings
      const journal = yield* makeJournal(yield* fileStore(directory, options), surroundings)
      yield* recover(directory, journal.service, surroundings)
      return { journal, observer: makeObserver(journal, surroundings, yield* Effect.scope) }
    })
  )
}

/**
 * The journal in a directory, for one who only reads: nothing is created or written, and starts without an end are left
 * as they are. Where there is no journal, it has no records; `follow` waits for one.
 *
 * @example
 * ```ts
 * import * as ExitJournal from "@tether/journal/ExitJournal"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * const watch = ExitJournal.reader("/var/log/builds").pipe(
 *   Effect.flatMap((journal) => Stream.runForEach(journal.follow(), (record) => Effect.log(record)))
 * )
 * ```
 */
export const reader = (directory: string): Effect.Effect<Reader, never, FileSystem.FileSystem | ProcessIdentity> =>
  Effect.map(makeSurroundings, (surroundings) => makeReader(readStore(directory, surroundings.files), surroundings))

/**
 * A journal in memory, for tests.
 *
 * @example
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as ProcessIdentity from "@tether/host/ProcessIdentity"
 * import * as ExitJournal from "@tether/journal/ExitJournal"
 * import * as Layer from "effect/Layer"
 *
 * const layer = ExitJournal.layerMemory.pipe(
 *   Layer.provide(Layer.provideMerge(ProcessIdentity.layer, NodeFileSystem.layer))
 * )
 * ```
 */
export const layerMemory: Layer.Layer<ExitJournal, never, FileSystem.FileSystem | ProcessIdentity> = Layer.suspend(() =>
  withObserver(
    Effect.gen(function* () {
      const surroundings = yield* makeSurroundings
      const journal = yield* makeJournal(yield* memoryStore, surroundings)
      return { journal, observer: makeObserver(journal, surroundings, yield* Effect.scope) }
    })
  )
)

/**
 * A journal that keeps nothing. Children have no observer for it.
 *
 * @example
 * ```ts
 * import * as ExitJournal from "@tether/journal/ExitJournal"
 * import * as Effect from "effect/Effect"
 *
 * const quiet = <A, E>(program: Effect.Effect<A, E, ExitJournal.ExitJournal>) =>
 *   Effect.provide(program, ExitJournal.layerNone)
 * ```
 */
export const layerNone: Layer.Layer<ExitJournal> = Layer.suspend(() =>
  Layer.scoped(
    ExitJournal,
    Effect.map(makeJournal(noStore, undefined), ({ service }) => service)
  )
)

interface Made {
  readonly journal: { readonly service: JournalService }
  readonly observer: ChildObserver.ChildObserver
}

const withObserver = <E, R>(make: Effect.Effect<Made, E, R>): Layer.Layer<ExitJournal, E, Exclude<R, Scope.Scope>> =>
  Layer.unwrapScoped(
    Effect.map(make, ({ journal, observer }) =>
      Layer.merge(Layer.succeed(ExitJournal, journal.service), ChildObserver.layer(observer))
    )
  )
