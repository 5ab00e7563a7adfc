/**
 * What a launch is asked, and all that can be wrong with it.
 */
import type * as Command from "@effect/platform/Command"
import * as TerminalText from "@tether/host/TerminalText"
import * as ChildSpawner from "@tether/process/ChildSpawner"
import * as Redactor from "@tether/process/Redactor"
import * as Shell from "@tether/process/Shell"
import type { SpawnError } from "@tether/process/SpawnError"
import * as StopPlan from "@tether/process/StopPlan"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import { LaunchRefused } from "../LaunchRefused.js"
import type { Budget } from "../SessionLogs.js"
import { workingDirectory } from "./here.js"
import type { ReadyOptions } from "./ready.js"
import { programEnvironment } from "./serverEnvironment.js"
import type { ShimStep } from "./shimProtocol.js"
import { stepsOf } from "./stop.js"

/** As a terminal that goes away ends its programs: an interactive shell ignores SIGTERM, and ends by SIGHUP. */
const defaultStop = StopPlan.make(StopPlan.signal("SIGHUP", "1 second"), StopPlan.signal("SIGTERM", "5 seconds"))

/**
 * A session to launch.
 *
 * - `identity`: its name in logs and journal, and the one it is found by; the name of a file, without slashes, and
 *   neither `delivery` nor `exits`.
 * - `command`: one program, with its arguments and without an input; `cwd`, which is absolute, and `env` go before its
 *   own (`undefined` removes a variable). The rest of the environment is that of this program.
 * - `cols`, `rows`: the size of the terminal until a person attaches. Default 120 by 40.
 * - `logDir`: absolute; the output goes to `<logDir>/<identity>.log`. It is made with mode 0700 where it is not there.
 * - `exitLogDir`: absolute; the directory of a journal, in which the beginning and the end are recorded. Without it,
 *   the end is recorded nowhere.
 * - `stop`: how all in it is ended by `stop`, or when its terminal goes. Signals only. Default:
 *   SIGHUP, a second, SIGTERM, five seconds, SIGKILL.
 * - `ready`: when it is ready. Default: as soon as the program has been started.
 * - `redact`: words that are secret, besides the values in `env` that are `Redacted`. They are replaced in the journal,
 *   in what tmux keeps of the session and in errors, but for `identity`, `logDir` and `exitLogDir`, which are names of
 *   files. The log has what the program writes.
 * - `log`: when the log is rotated (`rotateAt`, in bytes, default 16 MiB), and how much of all logs in `logDir` is
 *   kept.
 *
 * @example
 * ```ts
 * import * as Command from "@effect/platform/Command"
 * import type { LaunchOptions } from "@tether/tmux/TmuxSession"
 *
 * const options: LaunchOptions = {
 *   identity: "night-build",
 *   command: Command.make("make", "all"),
 *   cwd: "/home/dev/project",
 *   logDir: "/var/log/sessions",
 *   exitLogDir: "/var/log/sessions/exits"
 * }
 * ```
 */
export interface LaunchOptions {
  readonly identity: string
  readonly command: Command.Command
  readonly cwd?: string | undefined
  readonly env?: Readonly<Record<string, string | Redacted.Redacted | undefined>> | undefined
  readonly cols?: number | undefined
  readonly rows?: number | undefined
  readonly logDir: string
  readonly exitLogDir?: string | undefined
  readonly stop?: StopPlan.StopPlan | undefined
  readonly ready?: ReadyOptions | undefined
  readonly redact?: ReadonlyArray<string | Redacted.Redacted> | undefined
  readonly log?: (Budget & { readonly rotateAt?: number | undefined }) | undefined
}

/** Checked, and with all defaults. */
export interface Request {
  readonly identity: string
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** The command as it may be kept and shown, and its words in one line. */
  readonly shown: ChildSpawner.Shown & { readonly cwd: string; readonly line: string }
  readonly redactor: Redactor.Redactor
  readonly cols: number
  readonly rows: number
  readonly logDir: string
  readonly exitLogDir: string | undefined
  readonly steps: ReadonlyArray<ShimStep>
  readonly rotateAt: number
}

export const resolve = (options: LaunchOptions): Either.Either<Request, LaunchRefused | SpawnError> => {
  const {
    cols = 120,
    command,
    cwd,
    env,
    exitLogDir,
    identity,
    log,
    logDir,
    redact,
    rows = 40,
    stop = defaultStop
  } = options
  const redactor = Redactor.make({ env, redact })
  const refused = (problems: ReadonlyArray<string>) =>
    Either.left(new LaunchRefused({ identity: redactor.redact(identity), problems: problems.map(redactor.redact) }))
  const steps = stepsOf(stop)
  const rotateAt = log?.rotateAt ?? 16 * 1024 * 1024
  const problems = [
    ...identityProblems(identity),
    ...wholeNumber("cols", cols, 1, 10_000),
    ...wholeNumber("rows", rows, 1, 10_000),
    ...wholeNumber("log.rotateAt", rotateAt, 64 * 1024, Number.MAX_SAFE_INTEGER),
    ...(log?.maxBytes === undefined ? [] : wholeNumber("log.maxBytes", log.maxBytes, 0, Number.MAX_SAFE_INTEGER)),
    ...(cwd === undefined ? ownDirectoryProblems() : absolute("cwd", cwd, redactor)),
    ...absolute("logDir", logDir, redactor),
    ...(exitLogDir === undefined ? [] : absolute("exitLogDir", exitLogDir, redactor)),
    ...(command._tag === "PipedCommand"
      ? ["command is a pipeline: a terminal has one program. Run it in a shell"]
      : []),
    ...(command._tag === "StandardCommand" && typeof command.stdin !== "string"
      ? ["command has an input: that of a terminal is its keys, see send"]
      : []),
    ...(steps === undefined ? ["stop has steps that are no signals"] : []),
    ...durations(options)
  ]
  if (problems.length > 0 || steps === undefined) return refused(problems)
  return Either.flatMap(
    ChildSpawner.plan(command, { label: identity, cwd, env, redact }),
    ({ requests: [request], shown: [shown] }) => {
      if (request === undefined || shown === undefined) return refused(["command is empty"])
      const place = request.cwd ?? workingDirectory() ?? "/"
      return Either.right({
        identity,
        program: request.program,
        args: request.args,
        cwd: place,
        env: programEnvironment(request.env, request.extendEnv),
        shown: {
          ...shown,
          cwd: redactor.redact(place),
          line: Shell.commandLine([shown.command, ...shown.args]).slice(0, longestShown)
        },
        redactor,
        cols,
        rows,
        logDir,
        exitLogDir,
        steps,
        rotateAt
      })
    }
  )
}

/** It goes into an option of tmux, which takes no command of more than 16 kB, and into each record. */
const longestShown = 1000

const identityProblems = (identity: string): ReadonlyArray<string> => {
  if (identity === "") return ["identity is empty"]
  return [
    ...(/[/\0]/.test(identity) ? ["identity has a slash or a NUL in it, and is to be the name of a file"] : []),
    ...(identity.startsWith(".") ? ["identity starts with a dot"] : []),
    // <identity>.log is the log of a session, delivery.log that of what is sent, and exits.log a journal, which may be
    // in the same directory.
    ...(identity === "delivery" || identity === "exits"
      ? [`identity is ${TerminalText.quote(identity)}, which is the name of another log`]
      : []),
    ...(new TextEncoder().encode(identity).length > longestIdentity
      ? [`identity is longer than ${longestIdentity} bytes`]
      : [])
  ]
}

/** The name of a file has 255 at most, and a log has an end of its own. */
const longestIdentity = 200

const wholeNumber = (name: string, value: number, least: number, most: number): ReadonlyArray<string> =>
  Number.isInteger(value) && value >= least && value <= most
    ? []
    : [`${name} is a whole number of at least ${least} and at most ${most}, and not ${value}`]

const ownDirectoryProblems = (): ReadonlyArray<string> =>
  workingDirectory() === undefined
    ? ["cwd is not given, and the working directory of this program has been removed"]
    : []

// Redacted first: a secret is another text between quotes.
const absolute = (name: string, path: string, { redact }: Redactor.Redactor): ReadonlyArray<string> =>
  path.startsWith("/") && !path.includes("\0")
    ? []
    : [`${name} is an absolute path, and not ${TerminalText.quote(redact(path))}`]

const durations = ({ log, ready }: LaunchOptions): ReadonlyArray<string> =>
  (
    [
      ["ready.bootWithin", ready?.bootWithin],
      ["ready.activeWithin", ready?.activeWithin],
      ["ready.send.within", ready?.send?.within],
      ["log.maxAge", log?.maxAge]
    ] as const
  ).flatMap(([name, value]) =>
    value === undefined || Option.isSome(Duration.decodeUnknown(value)) ? [] : [`${name} is no duration`]
  )
