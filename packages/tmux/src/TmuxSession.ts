/**
 * Programs in terminals that outlive whoever has started them.
 */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as ActiveTime from "@tether/host/ActiveTime"
import type { FileError } from "@tether/host/FileError"
import * as FileTime from "@tether/host/FileTime"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as TerminalText from "@tether/host/TerminalText"
import type { Child } from "@tether/process/Child"
import type { ChildSpawner } from "@tether/process/ChildSpawner"
import * as Redactor from "@tether/process/Redactor"
import type { SpawnError } from "@tether/process/SpawnError"
import * as Supervise from "@tether/process/Supervise"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { DeliveryFailed } from "./DeliveryFailed.js"
import { type Facts, factsOption, fromText } from "./internal/facts.js"
import { makeHandle, type TmuxSession } from "./internal/handle.js"
import { launchSession } from "./internal/launch.js"
import { type LaunchOptions, resolve } from "./internal/launchRequest.js"
import { lastLinesIn, sizeOf, writtenWithin } from "./internal/log.js"
import { untilReady } from "./internal/ready.js"
import { clientEnvironment } from "./internal/serverEnvironment.js"
import { type SessionEnd, stopSession } from "./internal/stop.js"
import { tidy } from "./internal/tidy.js"
import type { LaunchRefused } from "./LaunchRefused.js"
import type { SessionExists } from "./SessionExists.js"
import * as SessionLogs from "./SessionLogs.js"
import type { SessionNotReady } from "./SessionNotReady.js"
import type { SessionStuck } from "./SessionStuck.js"
import { Tmux, type TmuxService } from "./Tmux.js"
import type { TmuxFailed } from "./TmuxFailed.js"

export type { SendOptions } from "./internal/delivery.js"
export type { StopOptions, TmuxSession } from "./internal/handle.js"
export type { LaunchOptions } from "./internal/launchRequest.js"
export type { Dialog, ReadyOptions } from "./internal/ready.js"
export type { SessionEnd } from "./internal/stop.js"

/**
 * All that can keep a session from being launched, or from being ready.
 *
 * @example
 * ```ts
 * import type { LaunchError } from "@tether/tmux/TmuxSession"
 *
 * const isOurMistake = (error: LaunchError) => error._tag === "LaunchRefused"
 * ```
 */
export type LaunchError =
  | LaunchRefused
  | SpawnError
  | SessionExists
  | SessionNotReady
  | DeliveryFailed
  | TmuxFailed
  | FileError

/**
 * A session as a list shows it: how many terminals show it now.
 *
 * @example
 * ```ts
 * import type { Listed } from "@tether/tmux/TmuxSession"
 *
 * const isWatched = ({ attached }: Listed) => attached > 0
 * ```
 */
export interface Listed {
  readonly session: TmuxSession
  readonly attached: number
}

/**
 * Launches a session: a program in a terminal of its own, which goes on when this program ends, however it ends.
 *
 * The program starts only when its log is attached and, with `exitLogDir`, when the hook that records its death is
 * installed: nothing is lost of either. It is stopped by `stop` and by nothing else. With `ready`, the session is ready
 * when this returns. Where it is not in time, it has been stopped; the same is done when this is interrupted before it
 * returns.
 *
 * Fails with `LaunchRefused` where the options make no sense, with all problems named; `SessionExists`; `SpawnError`
 * where the program cannot be started; `SessionNotReady`, and `DeliveryFailed` for its first message; `TmuxFailed` and
 * `FileError` where the system does not give what is needed, such as the directory of the log or of the exit log. An
 * exit log that cannot be written, in a directory that exists, is a warning.
 *
 * @example
 * ```ts
 * import * as Command from "@effect/platform/Command"
 * import * as TmuxSession from "@tether/tmux/TmuxSession"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const session = yield* TmuxSession.launch({
 *     identity: "night-build",
 *     command: Command.make("make", "all"),
 *     logDir: "/var/log/sessions",
 *     exitLogDir: "/var/log/sessions/exits"
 *   })
 *   yield* Effect.logInfo(`runs in ${session.id}, and writes ${session.logFile}`)
 * })
 * ```
 */
export const launch = (
  options: LaunchOptions
): Effect.Effect<TmuxSession, LaunchError, Tmux | FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function* () {
    const tmux = yield* Tmux
    const request = yield* resolve(options)
    const from = yield* sizeOf(`${request.logDir}/${request.identity}.log`)
    return yield* Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        let isWanted = true
        const launching = yield* Effect.forkDaemon(
          Effect.interruptible(
            launchSession(
              tmux,
              request,
              Effect.sync(() => isWanted)
            )
          )
        )
        const facts = yield* restore(Fiber.join(launching)).pipe(
          Effect.onInterrupt(() => {
            isWanted = false
            return Effect.flatMap(
              Fiber.await(launching),
              Exit.match({
                onFailure: () => Effect.void,
                onSuccess: (facts) => Effect.ignore(stopSession(tmux, facts, request.steps, "interrupted"))
              })
            )
          })
        )
        const session = yield* makeHandle(tmux, facts, request.redactor)
        yield* keepWithin(tmux.directory, request.logDir, options.log)
        const lastOutput = Effect.zipRight(
          writtenWithin(facts.unwritten, "1 second"),
          lastLinesIn(facts.logFile, from, request.redactor)
        ).pipe(Effect.provide(yield* Effect.context<FileSystem.FileSystem>()))
        const ready =
          options.ready === undefined
            ? Effect.yieldNow()
            : untilReady(tmux, facts, options.ready, lastOutput, request.redactor)
        yield* restore(ready).pipe(
          Effect.onError((cause) => Effect.ignore(session.stop({ plan: options.stop, reason: whyStopped(cause) })))
        )
        return session
      })
    )
  })

const whyStopped = (cause: Cause.Cause<LaunchError>): string => {
  if (Cause.isInterruptedOnly(cause)) return "interrupted"
  return Option.exists(Cause.failureOption(cause), ({ _tag }) => _tag === "SessionNotReady")
    ? "not-ready"
    : "launch-failed"
}

/** What is removed is said; what cannot be looked at is no reason to fail. */
const keepWithin = (serverDirectory: string, directory: string, budget: SessionLogs.Budget | undefined) =>
  Effect.gen(function* () {
    yield* tidy(serverDirectory)
    const report = yield* SessionLogs.sweep(directory, budget)
    if (report.removed.length > 0) {
      const bytes = report.removed.reduce((sum, each) => sum + each.bytes, 0)
      yield* Effect.logInfo(
        `${report.removed.length} logs of sessions (${bytes} bytes) were removed from ${TerminalText.quote(directory)}`
      )
    }
    if (report.over > 0)
      yield* Effect.logWarning(
        `the logs in ${TerminalText.quote(directory)} are ${report.over} bytes over their budget, and all in use`
      )
  }).pipe(
    Effect.catchAll((error) =>
      Effect.logWarning(`the logs in ${TerminalText.quote(directory)} are not kept within bounds: ${error.message}`)
    )
  )

interface Found {
  readonly facts: Facts
  readonly attached: number
}

const look = (tmux: TmuxService): Effect.Effect<ReadonlyArray<Found>, TmuxFailed> =>
  tmux.run(["list-panes", "-a", "-F", `#{session_attached} #{${factsOption}}`], { isQuestion: true }).pipe(
    Effect.catchIf(
      ({ reason }) => reason === "NoServer" || reason === "NotFound",
      () => Effect.succeed("")
    ),
    Effect.map((text) =>
      text.split("\n").flatMap((line) => {
        const [attached, encoded = ""] = line.split(" ")
        return Option.toArray(Option.map(fromText(encoded), (facts) => ({ facts, attached: Number(attached) })))
      })
    )
  )

/** Of a session that was found, nobody says what is secret. */
const knowsNone = Redactor.make({})

/**
 * The sessions of the server, the oldest first, whoever has launched them. One that has just died may be among them.
 *
 * Fails with `TmuxFailed` if the server does not answer; where there is none, there are no sessions.
 *
 * @example
 * ```ts
 * import * as TmuxSession from "@tether/tmux/TmuxSession"
 * import * as Effect from "effect/Effect"
 *
 * const names = Effect.map(TmuxSession.list, (found) => found.map(({ session }) => session.identity))
 * ```
 */
export const list: Effect.Effect<
  ReadonlyArray<Listed>,
  TmuxFailed,
  Tmux | FileSystem.FileSystem | ProcessIdentity
> = Effect.gen(function* () {
  const tmux = yield* Tmux
  const found = yield* look(tmux)
  return yield* Effect.forEach(
    [...found].sort((a, b) => a.facts.launchedAt - b.facts.launchedAt),
    ({ attached, facts }) =>
      Effect.zipRight(
        tmux.watch(facts.shim),
        Effect.map(makeHandle(tmux, facts, knowsNone), (session) => ({ session, attached }))
      )
  )
})

/**
 * The session of an identity, or none.
 *
 * Fails with `TmuxFailed` if the server does not answer: then nobody knows whether there is one.
 *
 * @example
 * ```ts
 * import * as TmuxSession from "@tether/tmux/TmuxSession"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * const tell = TmuxSession.find("night-build").pipe(
 *   Effect.flatMap(Option.match({ onNone: () => Effect.void, onSome: (session) => session.send("hurry up") }))
 * )
 * ```
 */
export const find = (
  identity: string
): Effect.Effect<Option.Option<TmuxSession>, TmuxFailed, Tmux | FileSystem.FileSystem | ProcessIdentity> =>
  Effect.map(list, (found) => Option.fromNullable(found.find(({ session }) => session.identity === identity)?.session))

/**
 * Shows a session in this terminal until the person detaches (`C-b d`) or it ends: a child of this program, with its
 * terminal.
 *
 * @example
 * ```ts
 * import * as TmuxSession from "@tether/tmux/TmuxSession"
 * import * as Effect from "effect/Effect"
 *
 * const show = (session: TmuxSession.TmuxSession) =>
 *   Effect.scoped(Effect.flatMap(TmuxSession.attach(session), (client) => client.exited))
 * ```
 */
export const attach = (session: TmuxSession): Effect.Effect<Child, SpawnError, Tmux | ChildSpawner | Scope.Scope> =>
  Effect.flatMap(Tmux, ({ program, socket }) =>
    Supervise.start(Command.make(program, "-S", socket, "-f", "/dev/null", "-u", "attach-session", "-t", session.id), {
      label: `tmux attach ${session.identity}`,
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
      env: clientEnvironment(),
      cwd: "/"
    })
  )

/**
 * Stops the sessions that have written nothing for so long, and answers with them and their ends; the journal has the
 * reason `idle`. A session of which it cannot be told whether it lives, or when it has written last, is left alone, and
 * so is one that a person is looking at.
 *
 * Fails with `TmuxFailed` if the server does not answer. One that cannot be stopped does not keep the others from it:
 * its failure is in its place.
 *
 * @example
 * ```ts
 * import * as TmuxSession from "@tether/tmux/TmuxSession"
 * import * as Effect from "effect/Effect"
 * import * as Schedule from "effect/Schedule"
 *
 * const reaper = Effect.repeat(TmuxSession.stopIdle("2 hours"), Schedule.spaced("5 minutes"))
 * ```
 */
export const stopIdle = (
  idleFor: Duration.DurationInput,
  options: { readonly plan?: LaunchOptions["stop"] } = {}
): Effect.Effect<
  ReadonlyArray<{ readonly session: TmuxSession; readonly end: SessionEnd | SessionStuck | LaunchRefused }>,
  TmuxFailed,
  Tmux | FileSystem.FileSystem | ProcessIdentity
> =>
  Effect.gen(function* () {
    const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(idleFor)
    const idle = yield* Effect.filter(yield* list, ({ attached, session }) =>
      attached > 0
        ? Effect.succeed(false)
        : Effect.zipWith(
            session.liveness,
            lastOutput(session),
            (liveness, at) => liveness === "alive" && Option.exists(at, (at) => at < before)
          )
    )
    return yield* Effect.forEach(
      idle,
      ({ session }) =>
        Effect.map(Effect.merge(session.stop({ plan: options.plan, reason: "idle" })), (end) => ({ session, end })),
      { concurrency: "unbounded" }
    )
    // Logs are dated by the system.
  }).pipe(Effect.withClock(ActiveTime.clock))

/** Nobody but the writer of a log ever changes it. Without its log, nobody knows when a session has written last. */
const lastOutput = ({
  launchedAt,
  logFile
}: TmuxSession): Effect.Effect<Option.Option<number>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.orElseSucceed(
      Effect.flatMap(fs.stat(logFile), (info) =>
        Effect.zipWith(FileTime.pastTime(logFile, info), Clock.currentTimeMillis, (written, now) =>
          // It may have been launched before the clock was set back.
          Option.map(written, (time) => (launchedAt > now ? time : Math.max(launchedAt, time)))
        )
      ),
      () => Option.none()
    )
  )
