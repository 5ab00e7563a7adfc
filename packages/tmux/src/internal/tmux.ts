/**
 * Commands for a server, each a client of its own, and what is known of the server.
 */
import * as Command from "@effect/platform/Command"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import { type Identity, ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as RotatingFile from "@tether/host/RotatingFile"
import * as StateDir from "@tether/host/StateDir"
import * as TerminalText from "@tether/host/TerminalText"
import { unobserved } from "@tether/process/ChildObserver"
import { ChildSpawner } from "@tether/process/ChildSpawner"
import * as Supervise from "@tether/process/Supervise"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { TmuxFailed } from "../TmuxFailed.js"
import { TmuxUnavailable } from "../TmuxUnavailable.js"
import { makeDeathWatch } from "./deathWatch.js"
import { serverEnvironment } from "./serverEnvironment.js"
import { parseVersion } from "./version.js"
import { failingWithin, within } from "./within.js"

/**
 * - `directory`: where socket and state of the server are; absolute, and made with mode 0700. It belongs to the current
 *   user or to root, and is where no other user can replace it. Default: `StateDir.runtimeDir("tmux")`.
 * - `name`: of the server, so that one directory may have several; letters, digits, `_` and `-`. Default `"default"`.
 * - `program`: Default `"tmux"`, looked for in PATH.
 * - `answerWithin`: for how long a command is waited for. Default 10 seconds.
 *
 * @example
 * ```ts
 * import type { Options } from "@tether/tmux/Tmux"
 *
 * const options: Options = { name: "agents", program: "/opt/tmux/bin/tmux" }
 * ```
 */
export interface Options {
  readonly directory?: string | undefined
  readonly name?: string | undefined
  readonly program?: string | undefined
  readonly answerWithin?: Duration.DurationInput | undefined
}

/**
 * What is asked of a command beside its words: `stdin`, what it reads; `isQuestion`: that it changes nothing, and need
 * not be among the last commands that the record of a server's end has.
 *
 * @example
 * ```ts
 * import type { RunOptions } from "@tether/tmux/Tmux"
 *
 * const question: RunOptions = { isQuestion: true }
 * ```
 */
export interface RunOptions {
  readonly stdin?: string | undefined
  readonly isQuestion?: boolean | undefined
}

/**
 * What the service `Tmux` has.
 *
 * - `program`, `version`, `socket`: which tmux, and where it listens. `directory`: where its state is.
 * - `commandsLog`: the file of the last commands that changed something, for the record of the server's end.
 * - `run(words)`: one command, or several with `";"` between them, as arguments and never through a shell; answers with
 *   what it printed. A server is started by commands that start one, such as `new-session`, and lives until its last
 *   session ends, whatever becomes of this program.
 * - `readsLines(terminal)`: whether the kernel gathers lines there for whoever reads, as it does until a program asks
 *   for more. False where it cannot be told.
 * - `watch(pane)`: from now on, tmux is nudged when that process has died and tmux does not notice: at once, should it
 *   be so already. Some builds of tmux lose the signal that tells them of it.
 *
 * @example
 * ```ts
 * import type { TmuxService } from "@tether/tmux/Tmux"
 *
 * const attachWith = ({ program, socket }: TmuxService) => `${program} -S ${socket} attach`
 * ```
 */
export interface TmuxService {
  readonly program: string
  readonly version: string
  readonly socket: string
  readonly directory: string
  readonly commandsLog: string
  readonly run: (words: ReadonlyArray<string>, options?: RunOptions) => Effect.Effect<string, TmuxFailed>
  readonly readsLines: (terminal: string) => Effect.Effect<boolean>
  readonly watch: (pane: Identity) => Effect.Effect<void>
}

export const makeTmux = ({
  answerWithin = "10 seconds",
  directory: given,
  name = "default",
  program = "tmux"
}: Options): Effect.Effect<
  TmuxService,
  TmuxUnavailable | FileError,
  ChildSpawner | FileSystem.FileSystem | ProcessIdentity | Scope.Scope
> =>
  Effect.gen(function* () {
    const processes = yield* ProcessIdentity
    const spawner = yield* ChildSpawner
    yield* checkName(name)
    const directory = yield* stateDirectory(given)
    const socket = yield* StateDir.socketPath(directory, name)
    const version = yield* versionOf(program)
    const commandsLog = `${directory}/${name}.commands`
    const sent = yield* RotatingFile.open(commandsLog, { maxBytes: 64 * 1024, keep: 1, fsync: "never" })

    const run: TmuxService["run"] = (words, { isQuestion = false, stdin } = {}) => {
      const command = nameOf(words)
      const failed = (reason: TmuxFailed["reason"], problem: string) =>
        new TmuxFailed({ reason, command, socket, problem })
      const call = Supervise.string(Command.make(program, "-S", socket, "-f", "/dev/null", "-u", ...words), {
        label: `tmux ${command}`,
        // The first of them becomes the server, which nobody is to end because we have ended.
        containment: "none",
        env: serverEnvironment(),
        cwd: "/",
        stdin: stdin === undefined ? "null" : { text: stdin }
      }).pipe(
        Effect.provideService(ChildSpawner, spawner),
        unobserved,
        // What goes wrong is in the error.
        Logger.withMinimumLogLevel(LogLevel.None),
        Effect.catchTags({
          ProcessFailed: (error) => Effect.fail(refusal(failed, error.stderr.trim() || error.message)),
          SpawnError: (error) => Effect.fail(failed("Refused", error.message)),
          SurvivorsError: (error) => Effect.fail(failed("NoAnswer", error.message)),
          OutputTooLarge: (error) => Effect.fail(failed("Refused", error.message)),
          IncompleteOutputError: (error) => Effect.fail(failed("NoAnswer", error.message))
        }),
        failingWithin(answerWithin, () => failed("NoAnswer", "there was no answer in time"))
      )
      return isQuestion ? call : Effect.zipRight(note(command), call)
    }

    // For the record of a server's end: what is lost there is missed by nobody else.
    const note = (command: string) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.ignore(sent.append(`${new Date(now).toISOString()} ${command}`))
      )

    const readsLines: TmuxService["readsLines"] = (terminal) =>
      Supervise.string(Command.make("stty", "-a"), {
        label: "stty",
        containment: "none",
        env: serverEnvironment(),
        stdin: { file: terminal }
      }).pipe(
        Effect.provideService(ChildSpawner, spawner),
        unobserved,
        Effect.map((text) => /(^|[\s;])icanon\b/.test(text)),
        within(answerWithin),
        Effect.map(Option.getOrElse(() => false)),
        Effect.orElseSucceed(() => false)
      )

    // The end of any child makes the server look at all of them. It runs in the background, because the signal of this
    // child may be lost as well: a client that waits for it would wait for the next nudge.
    const nudge = Effect.ignore(run(["run-shell", "-b", "true"], { isQuestion: true }))
    const watch = yield* makeDeathWatch(processes, nudge)
    return { program, version, socket, directory, commandsLog, run, readsLines, watch }
  })

/**
 * Beside the socket are files with names of their own, such as the one of its commands, and names with a dot are
 * theirs.
 */
const checkName = (name: string): Effect.Effect<void, FileError> =>
  /^[A-Za-z0-9_-]+$/.test(name)
    ? Effect.void
    : Effect.fail(
        FileAttempt.refused(
          "give a server the name",
          name,
          "Invalid",
          'it has only letters, digits, "_" and "-", and at least one'
        )
      )

const stateDirectory = (given: string | undefined): Effect.Effect<string, FileError, FileSystem.FileSystem> =>
  given === undefined ? StateDir.runtimeDir("tmux") : StateDir.makePrivate(given)

/** Its words are texts of others, but for its name and its target. */
const nameOf = (words: ReadonlyArray<string>): string => {
  const starts = words.flatMap((_word, index) => (index === 0 || words[index - 1] === ";" ? [index] : []))
  const target = words[words.indexOf("-t") + 1]
  const names = starts.map((start) => words[start]).join(" ; ")
  return words.includes("-t") && target !== undefined && /^[$%@=]/.test(target) ? `${names} -t ${target}` : names
}

const refusal = (
  failed: (reason: TmuxFailed["reason"], problem: string) => TmuxFailed,
  problem: string
): TmuxFailed => {
  if (/^\[?(no server running|error connecting|lost server|server exited)/m.test(problem))
    return failed("NoServer", problem)
  if (/can't find (session|pane|window|client)|no current (session|target|client)/.test(problem))
    return failed("NotFound", problem)
  return failed(/duplicate session/.test(problem) ? "Exists" : "Refused", problem)
}

const versionOf = (program: string): Effect.Effect<string, TmuxUnavailable, ChildSpawner> => {
  const unavailable = (reason: TmuxUnavailable["reason"], problem: string, version?: string) =>
    new TmuxUnavailable({ reason, program, version, problem })
  const notTmux = (error: { readonly message: string }) => Effect.fail(unavailable("NotTmux", error.message))
  return Supervise.string(Command.make(program, "-V"), {
    label: "tmux -V",
    env: serverEnvironment(),
    containment: "none"
  }).pipe(
    unobserved,
    failingWithin("10 seconds", () => unavailable("NotTmux", "it does not answer to -V")),
    Effect.catchTags({
      SpawnError: (error) => Effect.fail(unavailable("Missing", error.problems.join("; "))),
      ProcessFailed: notTmux,
      SurvivorsError: notTmux,
      OutputTooLarge: notTmux,
      IncompleteOutputError: notTmux
    }),
    Effect.flatMap((text) => {
      const version = parseVersion(text)
      if (version !== undefined) {
        return version.isNewEnough ? Effect.succeed(version.text) : Effect.fail(unavailable("TooOld", "", version.text))
      }
      // "tmux master", "tmux openbsd-7.4": without a number of ours, but newer than any that has one.
      return /^tmux \S+$/.test(text.trim())
        ? Effect.succeed(text.trim().slice("tmux ".length))
        : Effect.fail(unavailable("NotTmux", `-V answers ${TerminalText.quote(text.slice(0, 80))}`))
    })
  )
}
