/**
 * What a session's beginning and its end by our hand are in the journal. All other ends are written where they happen: by the shim, or by the hook
 * in the server when the shim was killed.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as ExitJournal from "@tether/journal/ExitJournal"
import type { ExitRecord } from "@tether/journal/ExitRecord"
import type { ExitStatus } from "@tether/process/ExitStatus"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Facts } from "./facts.js"

type Files = FileSystem.FileSystem | ProcessIdentity

const inJournal = <A, R>(
  directory: string,
  use: (journal: ExitJournal.JournalService) => Effect.Effect<A, FileError, R>
): Effect.Effect<A, FileError, R | Files> =>
  Effect.provide(Effect.flatMap(ExitJournal.ExitJournal, use), ExitJournal.layerFile({ directory }))

/** The server is to record the end: as long as it lives, the start is its business, whatever becomes of us. */
export const begin = (
  directory: string,
  { command, cwd, identity, server, shim }: Pick<Facts, "command" | "cwd" | "identity" | "server" | "shim">
): Effect.Effect<ExitRecord, FileError, Files> =>
  inJournal(directory, (journal) =>
    Effect.gen(function*() {
      const writer = server === undefined ? undefined : `${server.pid}:${server.startToken}`
      if (writer !== undefined) yield* Effect.ignore(concludeLost(journal, writer))
      return yield* journal.append({
        ev: "session-start",
        identity,
        ...processFields(shim),
        ...(writer !== undefined && { writer }),
        command,
        cwd
      })
    }))

/** So long after its start, nobody is still about to record an end. */
const settledAfter = 120_000

/**
 * Those of our server that are gone, with nobody left to say how: whoever launched them was killed before it had the hook installed. As long as
 * the server lives, a journal leaves them to it.
 */
const concludeLost = (journal: ExitJournal.JournalService, writer: string): Effect.Effect<void, FileError, Files> =>
  Effect.gen(function*() {
    const processes = yield* ProcessIdentity
    const before = (yield* Clock.currentTimeMillis) - settledAfter
    for (const { liveness, start } of yield* journal.unfinished()) {
      if (start.writer !== writer || liveness !== "gone" || start.ts > before || start.pid === undefined) continue
      // A zombie is one that tmux has not looked at.
      if ((yield* processes.identify(start.pid))._tag === "Some") continue
      const { bootId, command, cwd, identity, pid, pidNamespace, startToken } = start
      yield* journal.append({
        ev: "session-exit",
        identity,
        start: start.id,
        endedBy: "unknown",
        reason: "vanished",
        pid,
        ...(startToken !== undefined && { startToken }),
        ...(bootId !== undefined && { bootId }),
        ...(pidNamespace !== undefined && { pidNamespace }),
        ...(command !== undefined && { command }),
        ...(cwd !== undefined && { cwd })
      })
    }
  })

/** Says that the end is on record, to those who would record it otherwise. */
export const settle = ({ end }: Facts): Effect.Effect<void, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.ignore(fs.writeFileString(end, "", { mode: 0o600 })))

const processFields = ({ bootId, pid, pidNamespace, startToken }: Facts["shim"]) => ({
  pid,
  startToken,
  ...(bootId !== undefined && { bootId }),
  ...(pidNamespace !== undefined && { pidNamespace })
})

export interface OwnEnd {
  readonly status: ExitStatus | undefined
  readonly step: string | undefined
  readonly reason: string
}

/** An end that we have caused. Nothing, where the session has no journal. */
export const end = (facts: Facts, { reason, status, step }: OwnEnd): Effect.Effect<Option.Option<ExitRecord>, FileError, Files> => {
  const { command, cwd, exitLogDir, identity, launchedAt, shim, start } = facts
  if (exitLogDir === undefined) return Effect.succeedNone
  return Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.asSome(inJournal(exitLogDir, (journal) =>
      journal.append({
        ev: "session-exit",
        identity,
        ...(start !== undefined && { start }),
        ...processFields(shim),
        command,
        cwd,
        ...(status?._tag === "Exited" && { deadStatus: status.code }),
        ...(status?._tag === "Signaled" && { deadSignal: status.signal }),
        endedBy: "owner",
        ...(step !== undefined && { stopStep: step }),
        reason,
        uptime: now - launchedAt
      }))))
}

/** Whether somebody has said that the end is on record. The mark is removed after a while. */
export const isSettled = ({ end }: Facts): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(end), () => false))

/** The record of the end, if it is there. */
export const findEnd = ({ exitLogDir, identity, launchedAt, start }: Facts): Effect.Effect<Option.Option<ExitRecord>, FileError, Files> => {
  if (exitLogDir === undefined) return Effect.succeedNone
  return Effect.flatMap(ExitJournal.reader(exitLogDir), (journal) =>
    journal.records({ identity, events: ["session-exit"] }).pipe(
      Stream.filter((record) => start === undefined ? record.ts >= launchedAt : record.start === start),
      Stream.runHead
    ))
}
