/**
 * What a session's beginning and its end by our hand are in the journal. All other ends are written where they happen:
 * by the shim, or by the hook in the server when the shim was killed.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as AtomicFile from "@tether/host/AtomicFile"
import type { FileError } from "@tether/host/FileError"
import type { Identity, ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as ExitJournal from "@tether/journal/ExitJournal"
import type { ExitRecord } from "@tether/journal/ExitRecord"
import type { ExitStatus } from "@tether/process/ExitStatus"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { uptime } from "node:os"
import type { Facts } from "./facts.js"

type Files = FileSystem.FileSystem | ProcessIdentity

/** A journal that stays open until the scope closes. */
export const open = (directory: string): Effect.Effect<ExitJournal.JournalService, FileError, Files | Scope.Scope> =>
  Effect.map(Layer.build(ExitJournal.layerFile({ directory })), Context.get(ExitJournal.ExitJournal))

const inJournal = <A>(
  directory: string,
  use: (journal: ExitJournal.JournalService) => Effect.Effect<A, FileError>
): Effect.Effect<A, FileError, Files> => Effect.scoped(Effect.flatMap(open(directory), use))

/**
 * Whoever sees to a record of the end: as long as that process lives, the start is its business, whatever becomes of
 * us.
 */
export const writer = ({ pid, startToken }: Identity): string => `${pid}:${startToken}`

/** The end is the server's business, which has the hook. */
export const startOf = ({
  command,
  cwd,
  identity,
  logFile,
  server,
  shim
}: Pick<Facts, "command" | "cwd" | "identity" | "logFile" | "server" | "shim">): ExitJournal.Draft => ({
  ev: "session-start",
  identity,
  ...processFields(shim),
  writer: writer(server ?? shim),
  command,
  cwd,
  log: logFile
})

/** Says that the end is on record, to those who would record it otherwise. */
export const settle = ({ end }: Facts): Effect.Effect<void, never, FileSystem.FileSystem> =>
  Effect.ignore(AtomicFile.replace(end, "", { mode: 0o600, fsync: false }))

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

/** An end that we have caused. */
export const ownEnd = (
  { command, cwd, identity, launchedAt, logFile, shim, start }: Facts,
  { reason, status, step }: OwnEnd
): Effect.Effect<ExitJournal.Draft> =>
  Effect.map(Clock.currentTimeMillis, (now) => ({
    ev: "session-exit",
    identity,
    ...(start !== undefined && { start }),
    ...processFields(shim),
    command,
    cwd,
    log: logFile,
    ...(status?._tag === "Exited" && { deadStatus: status.code }),
    ...(status?._tag === "Signaled" && { deadSignal: status.signal }),
    endedBy: "owner",
    ...(step !== undefined && { stopStep: step }),
    reason,
    uptime: uptimeOf(shim) ?? Math.max(0, now - launchedAt)
  }))

/**
 * In milliseconds, by the boot and not by dates, which may have been set since. The kernel counts the start of a
 * process in hundredths of a second, on all that Linux runs on today. Undefined where it does not tell.
 */
const uptimeOf = ({ startToken }: Identity): number | undefined => {
  const millis = Math.round(uptime() * 1000 - Number(startToken) * 10)
  // A rounding, or a container that counts from its own start.
  return millis >= -hundredth ? Math.max(0, millis) : undefined
}

const hundredth = 10

/** Records it. Nothing, where the session has no journal. */
export const end = (facts: Facts, own: OwnEnd): Effect.Effect<Option.Option<ExitRecord>, FileError, Files> => {
  const { exitLogDir } = facts
  if (exitLogDir === undefined) return Effect.succeedNone
  return Effect.asSome(inJournal(exitLogDir, (journal) => Effect.flatMap(ownEnd(facts, own), journal.append)))
}

/** Whether somebody has said that the end is on record. The mark is removed after a while. */
export const isSettled = ({ end }: Facts): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(end), () => false))

/** The record of the end, if it is there. */
export const findEnd = ({
  exitLogDir,
  identity,
  launchedAt,
  start
}: Facts): Effect.Effect<Option.Option<ExitRecord>, FileError, Files> => {
  if (exitLogDir === undefined) return Effect.succeedNone
  // By the date only where the start is not on record: the clock may have been set since.
  const isOlder = (record: ExitRecord, wasBegun: boolean) =>
    start === undefined ? record.ts < launchedAt : wasBegun && record.ev === "session-start"
  return Effect.flatMap(ExitJournal.reader(exitLogDir), (journal) =>
    journal.newestFirst({ identity }).pipe(
      // Its hook may have recorded the end before we had recorded the start, but behind that of a session before it.
      Stream.mapAccum(false, (wasBegun, record) => {
        const isBegun = wasBegun || record.id === start
        return [isBegun, { record, isOlder: isOlder(record, wasBegun) }] as const
      }),
      Stream.takeWhile(({ isOlder }) => !isOlder),
      Stream.map(({ record }) => record),
      Stream.filter((record) => record.ev === "session-exit" && record.start === start),
      Stream.runHead
    )
  )
}
