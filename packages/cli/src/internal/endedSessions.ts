/**
 * Sessions that have ended, from what they leave behind: records in the exit journal of this user, and logs.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as ExitJournal from "@tether/journal/ExitJournal"
import type { ExitRecord } from "@tether/journal/ExitRecord"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { journalDirectory } from "./readJournal.js"
import { logsIn, usualLogDir } from "./sessionHost.js"

export interface EndedSession {
  readonly identity: string
  readonly logFile: string
  /** The last record of it: an end, or a beginning without an end. Undefined where there is only a log. */
  readonly record: ExitRecord | undefined
}

/** The oldest first; those without a record come before all others. Sessions that live are left out. */
export const endedSessions = (
  living: ReadonlySet<string>
): Effect.Effect<ReadonlyArray<EndedSession>, FileError, FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function* () {
    const { latest, running } = yield* recorded
    const hidden = new Set([...living, ...running])
    const directory = yield* usualLogDir
    const logged = (yield* logsIn(directory))
      .filter((identity) => !latest.has(identity))
      .map((identity) => ({ identity, logFile: `${directory}/${identity}.log`, record: undefined }))
    const known = [...latest.values()].sort((one, other) => one.ts - other.ts)
    return [
      ...logged,
      ...known.map((record) => ({ identity: record.identity, logFile: record.log ?? "", record }))
    ].filter(({ identity }) => !hidden.has(identity))
  })

interface Recorded {
  /** The last record of each session, by its identity. */
  readonly latest: ReadonlyMap<string, ExitRecord>
  /** Those that may live, on this server or on another one. */
  readonly running: ReadonlySet<string>
}

/** Only a session has a log: other children of the same journal are not shown. */
const recorded: Effect.Effect<Recorded, FileError, FileSystem.FileSystem | ProcessIdentity> = Effect.gen(function* () {
  const journal = yield* ExitJournal.reader(yield* journalDirectory(undefined))
  const open = yield* journal.unfinished()
  const latest = yield* Stream.runFold(journal.newestFirst(), new Map<string, ExitRecord>(), (known, record) =>
    record.log === undefined || known.has(record.identity) ? known : known.set(record.identity, record)
  )
  return {
    latest,
    running: new Set(open.flatMap(({ start, state }) => (state === "gone" ? [] : [start.identity])))
  }
})
