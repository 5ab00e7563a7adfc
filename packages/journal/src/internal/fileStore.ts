/**
 * A store of lines in a directory.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as ActiveTime from "@tether/host/ActiveTime"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as RotatingFile from "@tether/host/RotatingFile"
import * as TerminalText from "@tether/host/TerminalText"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Format, fromLine, problemOf, toLine } from "./line.js"
import { mayBeAskedFor } from "./query.js"
import type { Query } from "./service.js"
import { makeStartIndex } from "./startIndex.js"
import type { ReadStore, Store } from "./store.js"

const fileName = "exits.log"

export interface StoreOptions {
  readonly format?: Format | undefined
  readonly fsync?: "never" | "onExit" | "always" | undefined
  readonly maxBytes?: number | undefined
  readonly keep?: number | undefined
}

export const fileStore = (
  directory: string,
  { format = "logfmt", fsync = "onExit", keep, maxBytes }: StoreOptions
): Effect.Effect<Store, FileError, FileSystem.FileSystem | ProcessIdentity | Scope.Scope> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const path = `${directory}/${fileName}`
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => soon(Scope.close(scope, Exit.void)))
    const options = { maxBytes, keep, fsync: fsync === "onExit" ? "onSync" : fsync } as const
    const file = yield* Scope.extend(RotatingFile.open(path, options), scope)
    const syncSoon = yield* coalesced(Effect.ignore(file.sync))
    return {
      write: (record) => {
        const problem = problemOf(record)
        if (problem !== undefined) return Effect.fail(FileAttempt.refused("append to", path, "Invalid", problem))
        const written = file.append(toLine(record, format))
        return fsync === "onExit" && record.ev !== "session-start" ? Effect.zipLeft(written, syncSoon) : written
      },
      ...storeOf(directory, files, { isKept: true })
    }
  })

/** Creates and writes nothing. */
export const readStore = (directory: string, files: FileSystem.FileSystem): ReadStore =>
  storeOf(directory, files, { isKept: false })

const storeOf = (directory: string, files: FileSystem.FileSystem, index: { readonly isKept: boolean }): ReadStore => {
  const path = `${directory}/${fileName}`
  let isTold = false
  const tell = (skipped: number): Effect.Effect<void> => {
    if (skipped === 0 || isTold) return Effect.void
    isTold = true
    const lines = skipped === 1 ? "1 line is not a record" : `${skipped} lines are not records`
    return Effect.logWarning(
      `in ${TerminalText.quote(path)}, ${lines} that this version knows: torn, written by another program, or newer`
    ).pipe(Effect.catchAllDefect(() => Effect.void))
  }
  const recordsIn = (lines: Stream.Stream<string, FileError, FileSystem.FileSystem>) => (query: Query) =>
    toRecords(lines, query, tell).pipe(Stream.provideService(FileSystem.FileSystem, files))
  return {
    read: recordsIn(RotatingFile.read(path)),
    newestFirst: recordsIn(
      Stream.unwrapScoped(
        Effect.map(RotatingFile.files(path), (all) =>
          Stream.flatMap(Stream.fromIterable([...all].reverse()), ({ backwards }) => backwards)
        )
      )
    ),
    follow: recordsIn(RotatingFile.follow(path)),
    open: makeStartIndex(directory, path, files, index).open
  }
}

/**
 * A record is more work than a look at its line. `tell` gets the number of lines that are none, of those that were
 * read, at the end of the stream: a line of another writer costs itself, and never the records around it.
 */
const toRecords = <E, R>(
  lines: Stream.Stream<string, E, R>,
  query: Query,
  tell: (skipped: number) => Effect.Effect<void>
) =>
  Stream.suspend(() => {
    const isWorthIt = mayBeAskedFor(query)
    let skipped = 0
    const recordIn = (line: string) => {
      const isLeftOut = RotatingFile.isTooLong(line)
      if (!isLeftOut && !isWorthIt(line)) return Option.none()
      const record = fromLine(line)
      if (Option.isNone(record)) skipped++
      return record
    }
    return Stream.mapChunks(lines, Chunk.filterMap(recordIn)).pipe(Stream.ensuring(Effect.suspend(() => tell(skipped))))
  })

/**
 * How long an end that is on record waits for the disk, so that those of one moment go there together: while a file is
 * synced, the system makes those wait who write to it.
 */
const gathered = Duration.millis(50)

/** A disk that hangs holds nobody up. */
const soon = (effect: Effect.Effect<void>): Effect.Effect<boolean> =>
  ActiveTime.within(ActiveTime.clock, "1 second", Effect.disconnect(effect))

/** Asks for the effect and does not wait for it: those who ask before it runs are all served by it. The scope waits. */
const coalesced = (effect: Effect.Effect<void>): Effect.Effect<Effect.Effect<void>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    // Of whoever opens the journal: fibers with different clocks may use it.
    const clock = yield* ActiveTime.current
    let isAskedFor = false
    const run = Effect.zipRight(
      clock.sleep(gathered),
      Effect.suspend(() => {
        isAskedFor = false
        return effect
      })
    )
    yield* Effect.addFinalizer(() => soon(effect))
    return Effect.suspend(() => {
      if (isAskedFor) return Effect.void
      isAskedFor = true
      return Effect.asVoid(Effect.forkIn(run, scope))
    })
  })
