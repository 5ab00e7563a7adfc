/**
 * A store of lines in a directory.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as RotatingFile from "@tether/host/RotatingFile"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Format, fromLine, toLine } from "./line.js"
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
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const path = `${directory}/${fileName}`
    const file = yield* RotatingFile.open(path, { maxBytes, keep, fsync: fsync === "onExit" ? "onSync" : fsync })
    const syncSoon = yield* coalesced(Effect.ignore(file.sync))
    return {
      write: (record) => {
        const written = file.append(toLine(record, format))
        return fsync === "onExit" && record.ev !== "session-start" ? Effect.zipLeft(written, syncSoon) : written
      },
      ...readStore(directory, files)
    }
  })

export const readStore = (directory: string, files: FileSystem.FileSystem): ReadStore => {
  const path = `${directory}/${fileName}`
  return {
    read: toRecords(RotatingFile.read(path)).pipe(Stream.provideService(FileSystem.FileSystem, files)),
    follow: toRecords(RotatingFile.follow(path)).pipe(Stream.provideService(FileSystem.FileSystem, files))
  }
}

const toRecords = <E, R>(lines: Stream.Stream<string, E, R>) => Stream.mapChunks(lines, Chunk.filterMap(fromLine))

/**
 * How long an end that is on record waits for the disk, so that those of one moment go there together: while a file is
 * synced, the system makes those wait who write to it.
 */
const gathered = Duration.millis(50)

/** Asks for the effect and does not wait for it: those who ask before it runs are all served by it. The scope waits. */
const coalesced = (effect: Effect.Effect<void>): Effect.Effect<Effect.Effect<void>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    let isAskedFor = false
    const run = Effect.delay(
      Effect.suspend(() => {
        isAskedFor = false
        return effect
      }),
      gathered
    )
    // A disk that hangs holds nobody up.
    yield* Effect.addFinalizer(() => Effect.timeoutOption(Effect.interruptible(Effect.disconnect(effect)), "1 second"))
    return Effect.suspend(() => {
      if (isAskedFor) return Effect.void
      isAskedFor = true
      return Effect.asVoid(Effect.forkIn(run, scope))
    })
  })
