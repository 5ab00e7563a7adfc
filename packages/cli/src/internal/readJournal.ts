/**
 * Which journal a command reads, and how it is read.
 */
import * as Options from "@effect/cli/Options"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as StateDir from "@tether/host/StateDir"
import * as TerminalText from "@tether/host/TerminalText"
import * as TrustedPath from "@tether/host/TrustedPath"
import * as ExitJournal from "@tether/journal/ExitJournal"
import * as NodeProcessIdentity from "@tether/process-node/NodeProcessIdentity"
import * as Shell from "@tether/process/Shell"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import type { Answer } from "./answer.js"
import * as lineLogger from "./lineLogger.js"
import { named, present, text } from "./options.js"
import type { Outlets } from "./outlets.js"
import * as texts from "./texts.js"

const option = texts.exits.options.directory

export const directory: Options.Options<Option.Option<string>> = text(option).pipe(
  Options.mapEffect(present(option)),
  Options.mapEffect(named(option)),
  Options.optional
)

/** What a journal needs of its surroundings. */
export const host: Layer.Layer<FileSystem.FileSystem | ProcessIdentity> = Layer.provideMerge(
  NodeProcessIdentity.layer,
  NodeFileSystem.layer
)

/** Where nothing was recorded, the answer says how the next death is. */
const noJournal = (directory: string, isUsual: boolean): string =>
  `there is no journal in ${TerminalText.quote(directory)}: no such directory. ` +
  `\`tether run --journal${isUsual ? "" : ` ${Shell.commandLine([directory])}`} -- COMMAND\` keeps one, and so does every session`

/**
 * The given directory, or that of this user in the state directory. Fails where another user could have put a journal
 * there.
 */
export const journalDirectory = (given: string | undefined): Effect.Effect<string, FileError, FileSystem.FileSystem> =>
  given === undefined
    ? Effect.tap(StateDir.statePath("journal"), (directory) =>
        TrustedPath.check("read the journal in", directory, "Directory")
      )
    : Effect.succeed(given)

/**
 * Carries out what is asked of the journal in a directory. Where that cannot be read, the answer says so. One that is
 * named may be another user's: it is only read. That of the state directory must be our own.
 */
export const readJournal = (
  given: Option.Option<string>,
  outlets: Outlets,
  ask: (journal: ExitJournal.Reader, directory: string) => Effect.Effect<Answer, FileError, FileSystem.FileSystem>
): Effect.Effect<Answer> =>
  Effect.gen(function* () {
    const directory = yield* journalDirectory(Option.getOrUndefined(given))
    const files = yield* FileSystem.FileSystem
    const isThere = yield* Effect.orElseSucceed(files.exists(directory), () => true)
    if (!isThere) return { lines: [], told: noJournal(directory, Option.isNone(given)), code: 1 }
    return yield* ask(yield* ExitJournal.reader(directory), directory)
  }).pipe(
    Effect.catchAll((error) => Effect.succeed({ lines: [], told: error.message, code: 1 })),
    Effect.provide(host),
    Effect.provide(
      Logger.replace(Logger.defaultLogger, lineLogger.make(outlets, { outletOf: () => outlets.err, withPrefix: false }))
    )
  )
