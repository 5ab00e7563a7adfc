/**
 * What each command of `tether session` needs of its surroundings, and what it says where that cannot be had.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as StateDir from "@tether/host/StateDir"
import * as TerminalText from "@tether/host/TerminalText"
import * as TrustedPath from "@tether/host/TrustedPath"
import type { ChildSpawner } from "@tether/process/ChildSpawner"
import type { SurvivorsError } from "@tether/process/SurvivorsError"
import type { SessionStuck } from "@tether/tmux/SessionStuck"
import * as Tmux from "@tether/tmux/Tmux"
import type { TmuxFailed } from "@tether/tmux/TmuxFailed"
import * as TmuxSession from "@tether/tmux/TmuxSession"
import type { TmuxUnavailable } from "@tether/tmux/TmuxUnavailable"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Answer } from "./answer.js"
import * as exitCode from "./exitCode.js"
import * as lineLogger from "./lineLogger.js"
import { namesOf } from "./names.js"
import type { Outlets } from "./outlets.js"
import { host } from "./readJournal.js"
import { type Forwarded, received } from "./signals.js"

export type Host = ChildSpawner | FileSystem.FileSystem | ProcessIdentity | Scope.Scope

export type Failure =
  | TmuxSession.LaunchError
  | SurvivorsError
  | SessionStuck
  | TmuxUnavailable
  | Interrupted
  | Unknown
  | Unusable

/** There is no such session. */
export class Unknown extends Data.TaggedError("Unknown")<{ readonly message: string }> {}

/** What was given makes no sense. */
export class Unusable extends Data.TaggedError("Unusable")<{ readonly message: string }> {}

/** We were told to end, and what was begun has been ended in order. */
export class Interrupted extends Data.TaggedError("Interrupted")<{
  readonly message: string
  readonly signal: Forwarded
}> {}

/** A second signal ends us as it would any program. */
const firstSignal = Effect.scoped(Effect.flatMap(received, Queue.take))

/**
 * Ends what is begun at a signal: it would leave something behind if we just died of it. `otherwise`: what that means
 * for whoever looks.
 */
export const endedBySignals = <A, E, R>(
  action: Effect.Effect<A, E, R>,
  otherwise: string
): Effect.Effect<A, E | Interrupted, R> =>
  Effect.raceFirst(
    action,
    Effect.flatMap(firstSignal, (signal) =>
      Effect.fail(new Interrupted({ signal, message: `${otherwise} (${signal})` }))
    )
  )

export const tmux = (server: string | undefined) => Tmux.layer({ name: server })

/** Whatever goes wrong is told in its own words. */
export const answered = (
  outlets: Outlets,
  action: Effect.Effect<Answer, Failure, Host>
): Effect.Effect<Answer, never, ChildSpawner> =>
  action.pipe(
    Effect.catchAll((error) => Effect.succeed({ lines: [], told: error.message, code: codeOf(error) })),
    Effect.scoped,
    Effect.provide(host),
    Effect.provide(
      Logger.replace(Logger.defaultLogger, lineLogger.make(outlets, { outletOf: () => outlets.err, withPrefix: false }))
    )
  )

const codeOf = (error: Failure): number => {
  if (error._tag === "SpawnError") return exitCode.ofReason(error.reason)
  if (error._tag === "Interrupted") return exitCode.ofStatus({ _tag: "Signaled", signal: error.signal })
  return error._tag === "LaunchRefused" || error._tag === "Unusable" ? 2 : 1
}

/**
 * Where the logs are if no directory is given; nothing is made. Fails where another user could have put logs there: one
 * that is given may be another user's.
 */
export const usualLogDir: Effect.Effect<string, FileError, FileSystem.FileSystem> = Effect.tap(
  StateDir.statePath("sessions"),
  (directory) => TrustedPath.check("read the logs in", directory, "Directory")
)

/** Fails where there is none of that name, and says which there are. */
export const sessionOf = (
  name: string
): Effect.Effect<TmuxSession.TmuxSession, TmuxFailed | Unknown, Tmux.Tmux | FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function* () {
    const known = (yield* TmuxSession.list).map(({ session }) => session)
    const found = known.find(({ identity }) => identity === name)
    if (found !== undefined) return found
    const others =
      known.length === 0 ? "there is none at all" : `there is: ${namesOf(known.map(({ identity }) => identity))}`
    const before = (yield* hasLog(name))
      ? `; one of that name has ended, see \`tether why\` and \`tether session logs\``
      : ""
    return yield* new Unknown({ message: `there is no session ${TerminalText.quote(name)}; ${others}${before}` })
  })

const hasLog = (name: string): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  isFileName(name)
    ? Effect.flatMap(FileSystem.FileSystem, (fs) =>
        Effect.orElseSucceed(
          Effect.flatMap(usualLogDir, (directory) => fs.exists(`${directory}/${name}.log`)),
          () => false
        )
      )
    : Effect.succeed(false)

/**
 * No session has another kind of name; and these are the logs of something else, which may be in the same directory.
 */
const otherLogs: ReadonlySet<string> = new Set(["delivery", "exits"])

export const isFileName = (name: string): boolean =>
  name !== "" && !/[/\0]/.test(name) && !name.startsWith(".") && !otherLogs.has(name)

/** The sessions that have a log in a directory, by name. None where it cannot be read. */
export const logsIn = (directory: string): Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.map(
      Effect.orElseSucceed(fs.readDirectory(directory), () => []),
      (files) =>
        files
          .flatMap((file) => (file.endsWith(".log") ? [file.slice(0, -".log".length)] : []))
          .filter(isFileName)
          .sort()
    )
  )
