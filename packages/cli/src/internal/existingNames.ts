/**
 * The names that exist now, for the completions of shells. A source that fails, or takes too long, has no names.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as StateDir from "@tether/host/StateDir"
import * as TerminalText from "@tether/host/TerminalText"
import * as ExitJournal from "@tether/journal/ExitJournal"
import { ends } from "@tether/journal/ExitRecord"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import type { ChildSpawner } from "@tether/process/ChildSpawner"
import * as Captures from "@tether/spool/Captures"
import * as Keys from "@tether/tmux/Keys"
import * as Tmux from "@tether/tmux/Tmux"
import * as TmuxSession from "@tether/tmux/TmuxSession"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { homedir } from "node:os"
import { join, resolve } from "node:path"
import type { Lookup } from "./completions.js"
import { isServerName } from "./names.js"
import { host, journalDirectory } from "./readJournal.js"
import { logsIn, usualLogDir } from "./sessionHost.js"
import type { NameKind } from "./texts.js"

type Host = ChildSpawner | FileSystem.FileSystem | ProcessIdentity | Scope.Scope

type Source = (values: ReadonlyMap<string, string>) => Effect.Effect<ReadonlyArray<string>, unknown, Host>

/** A person waits for the answer. */
const lookupTimeout = "2 seconds"

const tmuxTimeout = "1 second"

const mostIdentities = 200

/** The journal of a busy host has many records of few identities. */
const mostRecords = 10_000

/** Calls `take` with the names once, whatever happens. */
export const runLookup = ({ of, values }: Lookup, take: (names: ReadonlyArray<string>) => void): void => {
  Effect.runCallback(
    sources[of](values).pipe(
      Effect.scoped,
      Effect.provide(NodeChildSpawner.layer),
      Effect.provide(host),
      // The names are shown within the line that a person types: a warning would break it.
      Effect.provide(Logger.remove(Logger.defaultLogger)),
      Effect.disconnect,
      Effect.timeout(lookupTimeout)
    ),
    { onExit: (exit) => take(exit._tag === "Success" ? [...new Set(exit.value)].filter(isTypable) : []) }
  )
}

/** The answer has one word a line, with a tab after it, and a terminal shows it. */
const isTypable = (name: string): boolean => name !== "" && !name.includes("\t") && TerminalText.sanitize(name) === name

const identities =
  (query: ExitJournal.Query): Source =>
  (values) =>
    Effect.gen(function* () {
      const journal = yield* ExitJournal.reader(yield* journalDirectory(given(values, "directory")))
      return yield* journal.newestFirst(query).pipe(
        Stream.take(mostRecords),
        Stream.map(({ identity }) => identity),
        Stream.changes,
        Stream.runFoldWhile(
          new Set<string>(),
          (known) => known.size < mostIdentities,
          (known, identity) => known.add(identity)
        ),
        Effect.map((known) => [...known])
      )
    })

/** A shell expands a tilde only after it has completed the word. */
const given = (values: ReadonlyMap<string, string>, option: string): string | undefined => {
  const value = values.get(option)
  if (value === undefined || value === "") return undefined
  return value.startsWith("~/") ? join(homedir(), value.slice(2)) : value
}

const sessions: Source = (values) =>
  TmuxSession.list.pipe(
    Effect.map((found) => found.map(({ session }) => session.identity)),
    Effect.provide(Tmux.layer({ name: given(values, "server"), answerWithin: tmuxTimeout }))
  )

/** A session of another log directory has its log, too, where no directory is given. */
const logs: Source = (values) =>
  Effect.gen(function* () {
    const directory = given(values, "log-dir")
    const inDirectory = Effect.flatMap(
      directory === undefined ? usualLogDir : Effect.succeed(resolve(directory)),
      logsIn
    )
    const [named, launched] = yield* Effect.all(
      [orNone(inDirectory), directory === undefined ? orNone(soon(sessions(values))) : none],
      { concurrency: "unbounded" }
    )
    return [...named, ...launched]
  })

/** A tmux that hangs must not cost the names of the logs. */
const soon = <A, E, R>(names: Effect.Effect<A, E, R>) => Effect.timeout(Effect.disconnect(names), tmuxTimeout)

const none = Effect.succeed<ReadonlyArray<string>>([])

const orNone = <R>(names: Effect.Effect<ReadonlyArray<string>, unknown, R>) => Effect.orElse(names, () => none)

const deadLetters: Source = () =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    // To open a spool makes its directory.
    if (!(yield* fs.exists(yield* StateDir.statePath("deferred-captures")))) return []
    const spool = yield* Captures.deferred
    return (yield* spool.deadLetters).map(({ file }) => file)
  })

/** Each socket is a server, or was one. */
const servers: Source = () =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.flatMap(StateDir.runtimeDir("tmux"), (directory) =>
      Effect.flatMap(fs.readDirectory(directory), (files) =>
        Effect.filter(files, (file) =>
          Effect.match(fs.stat(join(directory, file)), {
            onSuccess: ({ type }) => type === "Socket" && isServerName(file),
            onFailure: () => false
          })
        )
      )
    )
  )

const sources: Readonly<Record<NameKind, Source>> = {
  deadLetter: deadLetters,
  end: identities({ events: ends }),
  identity: identities({}),
  key: () => Effect.succeed(Keys.names),
  log: logs,
  server: servers,
  session: sessions,
  variable: () => Effect.sync(() => Object.keys(process.env))
}
