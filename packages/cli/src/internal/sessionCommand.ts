/**
 * The options of `tether session`, from words to values. What carries them out is loaded when it is needed: other
 * commands do not wait for it.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import type { ChildSpawner } from "@tether/process/ChildSpawner"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isatty } from "node:tty"
import type { Answer } from "./answer.js"
import { unknown } from "./misuse.js"
import { isServerName } from "./names.js"
import { count, duration, flag, named, present, text, wrong } from "./options.js"
import type { Outlets } from "./outlets.js"
import type * as Sessions from "./sessions.js"
import type { LaunchWords, ListWords, LogsWords, SendWords, StopWords } from "./sessionWords.js"
import * as texts from "./texts.js"
import { isMarked, withoutMark } from "./words.js"

type Carried = Effect.Effect<Answer, never, ChildSpawner>

const optional = <A>(option: Options.Options<A>): Options.Options<A | undefined> =>
  Options.map(Options.optional(option), Option.getOrUndefined)

const namedText = (option: texts.OptionText): Options.Options<string> =>
  text(option).pipe(Options.mapEffect(present(option)), Options.mapEffect(named(option)))

const valueOf = (option: texts.OptionText): Options.Options<string | undefined> => optional(namedText(option))

const plain = (word: string): string => (isMarked(word) ? withoutMark(word) : word)

const anyName = Args.map(Args.text({ name: "NAME" }), plain)

const server = optional(
  Options.mapEffect(namedText(texts.session.parts[0].options.server), (given) =>
    isServerName(given)
      ? Effect.succeed(given)
      : wrong(`--server takes letters, digits, "_" and "-", and not '${given}'`)
  )
)

export const sessionCommand = (outlets: Outlets, give: (answer: Answer) => Effect.Effect<void>) => {
  const carry = (answer: (sessions: typeof Sessions) => Carried) =>
    Effect.promise(() => import("./sessions.js")).pipe(Effect.flatMap(answer), Effect.flatMap(give))
  return Command.make("session").pipe(
    Command.withDescription(texts.session.summary),
    Command.withSubcommands([
      launchCommand((words, server) => carry(({ launch }) => launch(words, server, outlets))),
      lsCommand((words, server) => carry(({ list }) => list(words, server, outlets))),
      attachCommand((name, server) => carry(({ attach }) => attach(name, server, outlets))),
      sendCommand((words, server) => carry(({ send }) => send(words, server, outlets))),
      logsCommand((words, server) => carry(({ logs }) => logs(words, server, outlets))),
      stopCommand((words, server) => carry(({ stop }) => stop(words, server, outlets)))
    ])
  )
}

type Carry<Words> = (words: Words, server: string | undefined) => Effect.Effect<void, never, ChildSpawner>

const nameBefore = Args.text({ name: "NAME" }).pipe(
  Args.mapEffect((word) =>
    isMarked(word) ? Effect.fail(HelpDoc.p("the session needs a name, which stands before --")) : Effect.succeed(word)
  )
)

const behind = (name: string): Args.Args<string> =>
  Args.text({ name }).pipe(
    Args.mapEffect((word) =>
      isMarked(word) ? Effect.succeed(withoutMark(word)) : Effect.fail(HelpDoc.p(unknown(word)))
    )
  )

const launchCommand = (carry: Carry<LaunchWords>) => {
  const { options, summary } = texts.sessionLaunch
  return Command.make(
    "launch",
    {
      logDir: valueOf(options.logDir),
      exitLogDir: valueOf(options.exitLogDir),
      noExitLog: flag(options.noExitLog),
      cwd: valueOf(options.cwd),
      env: text(options.env).pipe(
        Options.repeated,
        Options.mapEffect(Effect.forEach((given) => Effect.flatMap(present(options.env)(given), variableOf))),
        Options.map((pairs): Readonly<Record<string, string>> => Object.fromEntries(pairs))
      ),
      cols: optional(count(options.cols)),
      rows: optional(count(options.rows)),
      attach: flag(options.attach),
      server,
      name: nameBefore,
      program: behind("COMMAND"),
      args: Args.repeated(behind("ARGS"))
    },
    ({ args, program, server, ...rest }) =>
      Effect.gen(function* () {
        if (rest.noExitLog && rest.exitLogDir !== undefined) {
          return yield* wrong("--exit-log-dir says where its end is recorded, and --no-exit-log that it is not")
        }
        if (rest.attach) yield* needsTerminal("--attach shows the session")
        return yield* carry({ ...rest, words: [program, ...args] }, server)
      })
  ).pipe(Command.withDescription(summary))
}

const variableOf = (given: string) => {
  const at = given.indexOf("=")
  return at > 0
    ? Effect.succeed([given.slice(0, at), given.slice(at + 1)] as const)
    : // It may be the value, and that a secret.
      wrong("--env takes NAME=VALUE, and was given something without a name or without =")
}

/** Looks without opening one of them. */
const needsTerminal = (what: string) =>
  isatty(0) && isatty(1) ? Effect.void : wrong(`${what} in this terminal, and stdin or stdout is none`)

const lsCommand = (carry: Carry<ListWords>) => {
  const { options, summary } = texts.sessionLs
  return Command.make("ls", { all: flag(options.all), json: flag(options.json), server }, ({ server, ...words }) =>
    carry(words, server)
  ).pipe(Command.withDescription(summary))
}

const attachCommand = (carry: Carry<string>) =>
  Command.make("attach", { server, name: anyName }, ({ name, server }) =>
    Effect.zipRight(needsTerminal("attach shows the session"), carry(name, server))
  ).pipe(Command.withDescription(texts.sessionAttach.summary))

const sendCommand = (carry: Carry<SendWords>) => {
  const { options, summary } = texts.sessionSend
  return Command.make(
    "send",
    {
      keys: flag(options.keys),
      noSubmit: flag(options.noSubmit),
      server,
      name: anyName,
      given: Args.repeated(Args.text({ name: "TEXT" }))
    },
    ({ given, server, ...rest }) =>
      Effect.gen(function* () {
        // Behind -- it is a text like any other.
        const isStdin = given.length === 0 || (given.length === 1 && given[0] === "-")
        if (rest.keys && given.length === 0) return yield* wrong("--keys needs keys: --keys C-c, --keys Up Enter")
        if (rest.keys && rest.noSubmit)
          return yield* wrong("--no-submit is for a text: --keys presses the keys that are named, and no other")
        if (!rest.keys && given.length === 0 && isatty(0))
          return yield* wrong("there is no text: give it as words, or on stdin")
        return yield* carry({ ...rest, words: isStdin && !rest.keys ? undefined : given.map(plain) }, server)
      })
  ).pipe(Command.withDescription(summary))
}

const logsCommand = (carry: Carry<LogsWords>) => {
  const { options, summary } = texts.sessionLogs
  return Command.make(
    "logs",
    {
      follow: flag(options.follow),
      lines: optional(count(options.lines)),
      plain: flag(options.plain),
      raw: flag(options.raw),
      path: flag(options.path),
      logDir: valueOf(options.logDir),
      server,
      name: anyName
    },
    ({ server, ...words }) => carry(words, server)
  ).pipe(Command.withDescription(summary))
}

const stopCommand = (carry: Carry<StopWords>) => {
  const { options, summary } = texts.sessionStop
  return Command.make(
    "stop",
    {
      grace: optional(duration(options.grace, undefined)),
      reason: valueOf(options.reason),
      server,
      name: anyName
    },
    ({ server, ...words }) => carry(words, server)
  ).pipe(Command.withDescription(summary))
}
