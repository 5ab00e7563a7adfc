/**
 * The options of `tether turn`, from words to values.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import type { AgentAdapter, PermissionMode } from "@tether/agent/AgentAdapter"
import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
import * as CodexAdapter from "@tether/agent/CodexAdapter"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isatty } from "node:tty"
import { duration, flag, journal, named, present, text, wrong, type Kept } from "./options.js"
import * as texts from "./texts.js"
import { isMarked, withoutMark } from "./words.js"

export interface TurnOptions {
  readonly adapter: AgentAdapter
  readonly binary: string | undefined
  readonly resume: string | undefined
  readonly permissionMode: PermissionMode
  readonly args: ReadonlyArray<string>
  readonly cwd: string | undefined
  readonly timeout: Duration.Duration | undefined
  readonly journal: Kept | undefined
  readonly json: boolean
  /** Undefined where it comes on stdin. */
  readonly prompt: string | undefined
}

const { options } = texts.turn

const adapters: Readonly<Record<(typeof texts.agents)[number], AgentAdapter>> = {
  claude: ClaudeAdapter.claude,
  codex: CodexAdapter.codex
}

const valueOf = (option: texts.OptionText) =>
  text(option).pipe(Options.mapEffect(present(option)), Options.mapEffect(named(option)), Options.optional)

const agent = text(options.agent).pipe(
  Options.withDefault("claude"),
  Options.mapEffect(present(options.agent)),
  Options.mapEffect((given) => {
    const name = texts.agents.find((one) => one === given)
    return name === undefined
      ? wrong(`--agent takes ${texts.agents.join(" or ")}, and not '${given}'`)
      : Effect.succeed(adapters[name])
  })
)

const permissionMode = text(options.permissionMode).pipe(
  Options.withDefault("default"),
  Options.mapEffect(present(options.permissionMode)),
  Options.mapEffect((given) => {
    const mode = texts.modes.find((one) => one === given)
    return mode === undefined
      ? wrong(`--permission-mode takes ${texts.modes.join(", ")}, and not '${given}'`)
      : Effect.succeed(mode)
  })
)

/** As for other programs that read a file or stdin. */
const onStdin = "-"

export const turnCommand = <R>(turn: (options: TurnOptions) => Effect.Effect<void, never, R>) =>
  Command.make(
    texts.turn.name,
    {
      adapter: agent,
      binary: valueOf(options.binary),
      resume: valueOf(options.resume),
      permissionMode,
      args: text(options.agentArg).pipe(Options.repeated, Options.mapEffect(Effect.forEach(present(options.agentArg)))),
      cwd: valueOf(options.cwd),
      timeout: Options.optional(duration(options.timeout, undefined)),
      journal: journal(options.journal),
      json: flag(options.json),
      prompt: Args.text({ name: "PROMPT" }).pipe(
        Args.map((word) => (isMarked(word) ? withoutMark(word) : word)),
        Args.optional,
        // A person would not know what it waits for.
        Args.mapEffect((word) =>
          Option.isNone(word) && isatty(0)
            ? Effect.fail(HelpDoc.p("PROMPT is missing; with - it is read from the terminal, to Ctrl-D"))
            : Effect.succeed(Option.getOrUndefined(Option.filter(word, (given) => given !== onStdin)))
        )
      )
    },
    ({ binary, cwd, journal, resume, timeout, ...rest }) =>
      turn({
        ...rest,
        binary: Option.getOrUndefined(binary),
        cwd: Option.getOrUndefined(cwd),
        journal: Option.getOrUndefined(journal),
        resume: Option.getOrUndefined(resume),
        timeout: Option.getOrUndefined(timeout)
      })
  ).pipe(Command.withDescription(texts.turn.summary))
