/**
 * A session from nothing: a pane whose shim waits at its gate, then all that watches it, and only then the program.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as AtomicFile from "@tether/host/AtomicFile"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import { type Identity, ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as SortableId from "@tether/host/SortableId"
import * as StateDir from "@tether/host/StateDir"
import * as TerminalText from "@tether/host/TerminalText"
import * as TrustedPath from "@tether/host/TrustedPath"
import type * as ExitJournal from "@tether/journal/ExitJournal"
import type { ExitRecord } from "@tether/journal/ExitRecord"
import * as ExitStatus from "@tether/process/ExitStatus"
import { SpawnError } from "@tether/process/SpawnError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { createRequire } from "node:module"
import { SessionExists } from "../SessionExists.js"
import { TmuxFailed } from "../TmuxFailed.js"
import { sequence } from "./argument.js"
import { deathFields } from "./deathFields.js"
import { exitHook } from "./exitHook.js"
import { type Facts, factsOption, toText } from "./facts.js"
import { nodeProgram, ownPid } from "./here.js"
import type { Request } from "./launchRequest.js"
import { openLog } from "./log.js"
import { markLog } from "./logMarker.js"
import { logWriterCommand } from "./logWriter.js"
import * as ProcessFile from "./processFile.js"
import { pathOf, refusalOf } from "./programFile.js"
import * as Records from "./records.js"
import { serverFields } from "./serverFields.js"
import { sessionName } from "./sessionName.js"
import { ask } from "./shimClient.js"
import type { ShimConfig, ShimRecords } from "./shimProtocol.js"
import { isGone, stopSession } from "./stop.js"
import type { TmuxService } from "./tmux.js"
import { failingWithin, pause } from "./within.js"

type Files = FileSystem.FileSystem | ProcessIdentity

export type LaunchFailure = SpawnError | SessionExists | TmuxFailed | FileError

/** The same file, whether this is a source, compiled, or bundled into the program of another package. */
const shim = () => createRequire(import.meta.url).resolve("@tether/tmux/shim")

interface Pane {
  readonly session: string
  readonly pane: string
  readonly shim: Identity
  readonly server: Identity | undefined
}

/**
 * Once the program runs, the session stays, whatever becomes of us. Where it does not, nothing of it stays. It is not
 * to be interrupted: `isWanted` is asked before the program starts.
 */
export const launchSession = (
  tmux: TmuxService,
  asked: Request,
  isWanted: Effect.Effect<boolean>
): Effect.Effect<Facts, LaunchFailure, Files> =>
  Effect.gen(function* () {
    yield* checkDirectory(asked)
    yield* checkProgram(tmux, asked)
    yield* checkLog(asked)
    if (asked.exitLogDir !== undefined) yield* makeJournalDirectory(asked.exitLogDir)
    const request = { ...asked, exitLogDir: yield* trustedJournal(asked) }
    const now = yield* Clock.currentTimeMillis
    const base = `${tmux.directory}/${SortableId.make()(now)}`
    const gate = `${base}.gate`
    const socket = yield* StateDir.socketPath(tmux.directory, `${base.slice(tmux.directory.length + 1)}.sock`)
    yield* checkPaths(request, `${base}.unwritten`)
    // After all that can be refused: a launch that is refused leaves no log.
    yield* StateDir.makeOwn(request.logDir)
    yield* openLog(`${request.logDir}/${request.identity}.log`)
    // A server that answers too late may have made a pane all the same: its shim finds that the gate leads nowhere.
    const pane = yield* Effect.tapErrorTag(openPane(tmux, request, gate), "TmuxFailed", ({ reason }) =>
      Effect.when(Effect.ignore(AtomicFile.create(gate, "null", { fsync: false })), () => reason === "NoAnswer")
    )
    yield* markLog(request.logDir, request.identity, pane.shim)
    yield* tmux.watch(pane.shim)
    const without: Facts = {
      version: 1,
      identity: request.identity,
      ...pane,
      launchedAt: now,
      command: request.shown.line,
      cwd: request.shown.cwd,
      logFile: `${request.logDir}/${request.identity}.log`,
      exitLogDir: request.exitLogDir,
      start: undefined,
      socket,
      unwritten: `${base}.unwritten`,
      stop: request.steps,
      end: `${base}.end`
    }
    const journal = yield* openJournal(request)
    const start = yield* Option.match(journal, {
      onNone: () => Effect.succeed(undefined),
      onSome: ({ make }) => make(Records.startOf(without))
    })
    const facts = { ...without, start: start?.id }
    let isBegun = false
    let isOpened = false
    return yield* Effect.gen(function* () {
      const isHooked = yield* attend(tmux, facts, request, start)
      // In this order: a start on record has somebody who will record its end, even if we are killed now.
      if (Option.isSome(journal) && start !== undefined) {
        isBegun = yield* recorded(journal.value, isHooked ? start : { ...start, writer: Records.writer(facts.shim) })
      }
      if (!(yield* isWanted)) return yield* Effect.interrupt
      isOpened = true
      yield* openGate(tmux, facts, request, gate, start)
      return facts
    }).pipe(Effect.onError(() => abandon(tmux, facts, request, gate, isOpened, isBegun ? journal : Option.none())))
  }).pipe(Effect.scoped)

/**
 * Fails if the directory cannot be made: a missing exit record would be noticed only after the exit. If other users can
 * change the directory, the session runs without records, with a warning.
 */
const makeJournalDirectory = (directory: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.catchIf(
    StateDir.makeDirectory(directory),
    ({ reason }) => reason === "NotPrivate",
    () => Effect.void
  )

/**
 * Hook and shim append to the journal whatever becomes of us: not to one that another user can replace, nor through a
 * link.
 */
const trustedJournal = ({
  exitLogDir,
  identity
}: Request): Effect.Effect<string | undefined, never, FileSystem.FileSystem> =>
  exitLogDir === undefined
    ? Effect.succeed(undefined)
    : TrustedPath.check("record in", exitLogDir, "Directory").pipe(
        Effect.zipRight(TrustedPath.check("record in", `${exitLogDir}/exits.log`, "File")),
        Effect.as(exitLogDir),
        Effect.catchAll((error) => Effect.as(notRecorded(identity, error), undefined))
      )

/** What is found only when the log is made would leave the directory of the journal. */
const checkLog = ({ identity, logDir }: Request): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.zipRight(
    TrustedPath.check("use the directory", logDir, "Directory"),
    TrustedPath.check("write the log", `${logDir}/${identity}.log`, "File")
  )

/** A shim could only say that something is not there. */
const checkDirectory = (request: Request): Effect.Effect<void, SpawnError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const found = yield* Effect.option(fs.stat(request.cwd))
    if (Option.exists(found, ({ type }) => type === "Directory")) return
    const problem = `the working directory ${TerminalText.quote(request.shown.cwd)} ${Option.isNone(found) ? "does not exist, or may not be entered" : "is no directory"}`
    return yield* spawnError(request, "BadWorkingDirectory", problem)
  })

/**
 * Fails where the program cannot be started, before a log or a pane is made. The attempt is on record all the same.
 * Rare answers, such as that of a broken interpreter line, come from the shim later.
 */
const checkProgram = (tmux: TmuxService, request: Request): Effect.Effect<void, LaunchFailure, Files> =>
  Effect.gen(function* () {
    const code = yield* refusalOf(request)
    if (code === undefined) return
    if (yield* isTaken(tmux, request)) return yield* new SessionExists({ identity: request.identity })
    yield* recordRefused(request, code)
    return yield* notStarted(request, code, "")
  })

/** A server that does not answer is a failure of the launch itself, and not of this question. */
const isTaken = (tmux: TmuxService, { identity }: Request): Effect.Effect<boolean> =>
  Effect.isSuccess(tmux.run(["has-session", "-t", `=${sessionName(identity)}`], { isQuestion: true }))

const recordRefused = (request: Request, code: string): Effect.Effect<void, FileError, Files> =>
  Effect.gen(function* () {
    if (request.exitLogDir === undefined) return
    yield* makeJournalDirectory(request.exitLogDir)
    const journal = yield* openJournal({ ...request, exitLogDir: yield* trustedJournal(request) })
    if (Option.isNone(journal)) return
    const { identity, shown } = request
    const attempt = journal.value.append({
      ev: "session-exit",
      identity,
      command: shown.line,
      cwd: shown.cwd,
      deadStatus: statusOf(code),
      endedBy: "owner",
      reason: "launch-failed"
    })
    yield* Effect.catchAll(attempt, (error) => notRecorded(identity, error))
  }).pipe(Effect.scoped)

/** As a shell says it: 126 for what may not be executed, 127 for what is not there. */
const statusOf = (code: string): number => (code === "EACCES" ? 126 : 127)

/** tmux runs nothing at all where the command of a pipe is too long. */
const checkPaths = ({ identity, logDir, rotateAt }: Request, unwritten: string): Effect.Effect<void, FileError> => {
  const file = `${logDir}/${identity}.log`
  const command = logWriterCommand({ file, done: unwritten, maxBytes: rotateAt })
  return command.length <= longestPipe
    ? Effect.void
    : Effect.fail(FileAttempt.refused("write the log", file, "Invalid", "its path is too long for tmux"))
}

const longestPipe = 8000

/** A server that has just lost its last session is going, and takes nobody any more. */
const whileServerGoes = {
  times: 20,
  while: ({ reason }: TmuxFailed) => (reason === "NoServer" ? Effect.as(pause("50 millis"), true) : false)
}

/**
 * The format is for the moment at which the command runs, two seconds later, and not for that at which it is put off.
 */
const endIfEmpty = "run-shell -b -d 2 -C \"if-shell -F '##{S:1}' '' kill-server\""

/**
 * The server stays for a moment when its last session has ended. A shim that loses its terminal can so tell a server
 * that was killed from one that goes because a person has ended the last session.
 */
const serverOptions: ReadonlyArray<ReadonlyArray<string>> = [
  // Most programs look for more colours than the default terminal has.
  ["set-option", "-g", "default-terminal", "screen-256color"],
  ["set-option", "-s", "exit-empty", "off"],
  // It stops the client of whoever is attached. Ours have a session of their own, in which nobody could let it go on.
  ["unbind-key", "C-z"],
  ["set-hook", "-g", "session-closed", endIfEmpty]
]

const openPane = (
  tmux: TmuxService,
  { cols, identity, rows }: Request,
  gate: string
): Effect.Effect<Pane, SessionExists | TmuxFailed, Files> =>
  Effect.gen(function* () {
    const processes = yield* ProcessIdentity
    const words = (self: Option.Option<Identity>) =>
      sequence(["start-server"], ...serverOptions, [
        "new-session",
        "-d",
        "-P",
        "-F",
        "#{session_id} #{pane_id} #{pane_pid} #{pid}",
        "-s",
        sessionName(identity),
        "-x",
        String(cols),
        "-y",
        String(rows),
        // The shim goes to the directory of its program by itself: here tmux would run what it takes for a format in a
        // name.
        "-c",
        "/",
        "--",
        nodeProgram(),
        shim(),
        gate,
        // Who is to open the gate.
        ...Option.match(self, { onNone: () => [], onSome: ({ pid, startToken }) => [`${pid}:${startToken}`] })
      ])
    const self = yield* processes.identify(ownPid())
    const printed = yield* tmux.run(words(self)).pipe(
      // It may also be going while it answers, and then prints nothing.
      Effect.filterOrFail(
        (text) => /^\$\d+ %\d+ \d+ \d+$/.test(text.trim()),
        () =>
          new TmuxFailed({
            reason: "NoServer",
            command: "new-session",
            socket: tmux.socket,
            problem: "it made no session"
          })
      ),
      Effect.retry(whileServerGoes),
      Effect.catchIf(
        ({ reason }) => reason === "Exists",
        () => new SessionExists({ identity })
      )
    )
    const [session = "", pane = "", shimPid, serverPid] = printed.trim().split(" ")
    const found = yield* processes.identify(Number(shimPid))
    if (Option.isNone(found)) {
      yield* Effect.ignore(tmux.run(["kill-session", "-t", session]))
      return yield* new TmuxFailed({
        reason: "Refused",
        command: "new-session",
        socket: tmux.socket,
        problem: `the process of its pane (${shimPid}) ended at once, or cannot be told from others here`
      })
    }
    const server = yield* processes.identify(Number(serverPid))
    return { session, pane, shim: found.value, server: Option.getOrUndefined(server) }
  })

/** No launch fails because it cannot be recorded. */
const openJournal = ({
  exitLogDir,
  identity
}: Request): Effect.Effect<Option.Option<ExitJournal.JournalService>, never, Files | Scope.Scope> =>
  exitLogDir === undefined
    ? Effect.succeedNone
    : Records.open(exitLogDir).pipe(
        Effect.asSome,
        Effect.catchAll((error) => Effect.as(notRecorded(identity, error), Option.none()))
      )

const recorded = (journal: ExitJournal.JournalService, start: ExitRecord): Effect.Effect<boolean> =>
  Effect.matchEffect(journal.append(start), {
    onFailure: (error) => Effect.as(notRecorded(start.identity, error), false),
    onSuccess: () => Effect.succeed(true)
  })

const notRecorded = (identity: string, { message }: FileError): Effect.Effect<void> =>
  Effect.logWarning(`the start of session ${TerminalText.quote(identity)} is not in the journal: ${message}`)

/** All that watches the pane. Whether its death has a hook. */
const attend = (
  tmux: TmuxService,
  facts: Facts,
  { rotateAt }: Request,
  start: ExitRecord | undefined
): Effect.Effect<boolean, TmuxFailed | FileError, Files> =>
  Effect.gen(function* () {
    const { exitLogDir, logFile, pane, unwritten } = facts
    yield* AtomicFile.create(unwritten, ProcessFile.toText(facts.shim), { fsync: false })
    const [isHooked] = yield* Effect.all(
      [
        exitLogDir === undefined ? Effect.succeed(false) : installHook(tmux, pane, hookOf(facts, exitLogDir, start)),
        tmux.run(
          sequence(
            ["set-option", "-p", "-t", pane, factsOption, toText(facts)],
            ["pipe-pane", "-t", pane, logWriterCommand({ file: logFile, done: unwritten, maxBytes: rotateAt })]
          )
        )
      ],
      { concurrency: 2 }
    )
    return isHooked
  })

const openGate = (
  tmux: TmuxService,
  facts: Facts,
  request: Request,
  gate: string,
  start: ExitRecord | undefined
): Effect.Effect<void, LaunchFailure, Files> =>
  Effect.gen(function* () {
    yield* AtomicFile.create(gate, JSON.stringify(configOf(tmux, facts, request, start)), { fsync: false })
    const answer = yield* started(facts, gate)
    if (answer._tag === "Started") return
    if (answer._tag === "NotStarted") return yield* notStarted(request, answer.code, answer.message)
    const problem = answer._tag === "Refused" ? answer.message : "the pane's process speaks of something else"
    return yield* new TmuxFailed({ reason: "Refused", command: "new-session", socket: tmux.socket, problem })
  })

const hookOf = ({ end, identity }: Facts, exitLogDir: string, start: ExitRecord | undefined): string => {
  const file = `${exitLogDir}/exits.log`
  const hook = exitHook(identity, file, start, end)
  if (hook.length <= longestHook || start === undefined) return hook
  const { command: _command, cwd: _cwd, ...short } = start
  return exitHook(identity, file, short, end)
}

/** tmux takes no command of more than 16 kB; what says least in a record goes first. */
const longestHook = 12_000

const installHook = (tmux: TmuxService, pane: string, hook: string): Effect.Effect<boolean> =>
  tmux
    .run(
      sequence(
        // A pane whose process has died stays, with its status, until its hook has run.
        ["set-option", "-p", "-t", pane, "remain-on-exit", "on"],
        ["set-hook", "-p", "-t", pane, "pane-died", hook]
      )
    )
    .pipe(
      Effect.as(true),
      // One without the other would be worse than none.
      Effect.catchAll((error) =>
        Effect.logWarning(`if the shim of this session is killed, nobody records its end: ${error.message}`).pipe(
          Effect.zipRight(Effect.ignore(tmux.run(["set-option", "-p", "-u", "-t", pane, "remain-on-exit"]))),
          Effect.as(false)
        )
      )
    )

const configOf = (
  tmux: TmuxService,
  facts: Facts,
  { args, cwd, env, program, steps }: Request,
  start: ExitRecord | undefined
): ShimConfig => ({
  program,
  args,
  cwd,
  env,
  socket: facts.socket,
  server: facts.server,
  stop: steps,
  records: recordsOf(tmux, facts, start)
})

const recordsOf = (
  tmux: TmuxService,
  { end: endFile, exitLogDir, identity, server }: Facts,
  start: ExitRecord | undefined
): ShimRecords | undefined => {
  if (exitLogDir === undefined) return undefined
  const end = deathFields(identity, start)
  const serverEnd = serverFields(tmux.socket, start)
  return {
    file: `${exitLogDir}/exits.log`,
    before: end.before,
    after: end.after,
    serverBefore: serverEnd.before,
    serverAfter: serverEnd.after,
    serverOnce: `${tmux.directory}/${sessionName(`ended-${server?.pid}-${server?.startToken}-${exitLogDir}`)}`,
    commands: tmux.commandsLog,
    end: endFile
  }
}

/**
 * It is listening soon. One that has gone had started its program, unless it has left the gate unopened: a shim that
 * could not waits until it has been asked.
 */
const started = (facts: Facts, gate: string) =>
  Effect.scoped(
    Effect.tap(ask(facts.socket, { op: "started" }), (answer) =>
      // Before the connection closes: until then, nobody else records an end.
      answer._tag === "NotStarted" ? recordNotStarted(facts, answer.code) : Effect.void
    )
  ).pipe(
    Effect.retry({
      while: () =>
        Effect.zipRight(
          pause("5 millis"),
          Effect.map(isGone(facts), (gone) => !gone)
        )
    }),
    Effect.catchAll(() =>
      Effect.map(isThere(gate), (isUnopened) =>
        isUnopened
          ? { _tag: "Refused" as const, message: "the pane's process ended before it could start the program" }
          : { _tag: "Started" as const }
      )
    ),
    failingWithin("30 seconds", () => ({ _tag: "NoAnswer" as const })),
    Effect.catchAll(() => Effect.succeed({ _tag: "Refused" as const, message: "the pane's process does not answer" }))
  )

const isThere = (path: string): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(path), () => true))

const recordNotStarted = (facts: Facts, code: string): Effect.Effect<void, never, Files> => {
  const status = ExitStatus.Exited(statusOf(code))
  return Effect.ignore(
    Effect.zipRight(Records.end(facts, { status, step: undefined, reason: "launch-failed" }), Records.settle(facts))
  )
}

const notStarted = (request: Request, code: string, message: string): SpawnError => {
  const program = TerminalText.quote(request.redactor.redact(request.program))
  switch (code) {
    case "ENOENT":
      return spawnError(
        request,
        "NotFound",
        request.program.includes("/")
          ? `there is no file ${program}, or the interpreter that it asks for is not there`
          : `no program ${program} was found on the PATH, ${TerminalText.sanitize(pathOf(request.env))}`,
        code
      )
    case "EACCES":
      return spawnError(request, "PermissionDenied", `${program} may not be executed`, code)
    case "E2BIG":
      return spawnError(request, "ArgumentListTooLong", "arguments and environment are over the system's limit", code)
    default:
      return spawnError(request, "Unknown", message, code)
  }
}

const spawnError = (
  { identity, redactor, shown }: Request,
  reason: SpawnError["reason"],
  problem: string,
  code?: string
): SpawnError =>
  new SpawnError({
    reason,
    label: redactor.redact(identity),
    command: shown.command,
    args: shown.args,
    cwd: shown.cwd,
    problems: [redactor.redact(problem)],
    code
  })

/**
 * Whatever runs by now is stopped. Who waits at a closed gate has nothing to record, so that we do where the start is
 * on record, in the journal that is open: whoever opens one gives an end to what has none.
 */
const abandon = (
  tmux: TmuxService,
  facts: Facts,
  { steps }: Request,
  gate: string,
  isOpened: boolean,
  journal: Option.Option<ExitJournal.JournalService>
): Effect.Effect<void, never, Files> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    // Behind a gate that was not opened, nothing is to be stopped, and nobody records the end of a shim that still
    // lives.
    const isIdle = !isOpened && !(yield* isGone(facts))
    const end = isIdle
      ? yield* Effect.as(Effect.ignore(tmux.run(["kill-session", "-t", facts.session])), Option.none())
      : yield* Effect.option(stopSession(tmux, facts, steps, "launch-failed"))
    for (const file of [gate, gate.replace(/\.gate$/, ".unopened"), facts.unwritten])
      yield* Effect.ignore(fs.remove(file, { force: true }))
    if (Option.isNone(journal) || Option.exists(end, ({ record }) => Option.isSome(record))) return
    const failed = yield* Records.ownEnd(facts, { status: undefined, step: undefined, reason: "launch-failed" })
    yield* Effect.ignore(journal.value.append(failed))
  })
