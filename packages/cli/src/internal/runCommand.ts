/**
 * The options of `tether run`, from words to values.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { parseDuration } from "./duration.js"
import { type OptionText, optionTexts } from "./help.js"
import { unknown } from "./misuse.js"
import { isMarked, withoutMark } from "./words.js"

export interface RunOptions {
  readonly words: readonly [program: string, ...args: ReadonlyArray<string>]
  readonly label: string | undefined
  readonly killAfter: Duration.Duration
  readonly redact: ReadonlyArray<Redacted.Redacted>
  readonly stdin: boolean
  readonly noPrefix: boolean
  readonly json: boolean
}

const wrong = (problem: string) => Effect.fail(ValidationError.invalidValue(HelpDoc.p(problem)))

const flag = ({ name, text }: OptionText): Options.Options<boolean> =>
  Options.boolean(name).pipe(Options.withDescription(text.join(" ")))

const text = ({ name, text, value = "VALUE" }: OptionText): Options.Options<string> =>
  Options.text(name).pipe(Options.withPseudoName(value), Options.withDescription(text.join(" ")))

/** Refuses what is no value: where one is missing, the parser takes the first word behind `--` for it. */
const present = ({ name, value = "VALUE" }: OptionText) => (given: string) =>
  isMarked(given) ? wrong(`--${name} needs a value: --${name} ${value}`) : Effect.succeed(given)

const label = text(optionTexts.label).pipe(Options.mapEffect(present(optionTexts.label)), Options.optional)

const killAfter = text(optionTexts.killAfter).pipe(
  Options.withDefault("5s"),
  Options.mapEffect(present(optionTexts.killAfter)),
  Options.mapEffect((given) =>
    Option.match(parseDuration(given), {
      onNone: () => wrong(`--kill-after takes a duration like 500ms, 5s, 2m or "2 seconds", and not '${given}'`),
      onSome: Effect.succeed
    })
  )
)

const redact = text(optionTexts.redact).pipe(
  Options.repeated,
  Options.mapEffect(Effect.forEach((name) => Effect.flatMap(present(optionTexts.redact)(name), secretOf)))
)

const secretOf = (name: string) =>
  Effect.suspend(() => {
    const secret = process.env[name]
    // To go on would show what was to be hidden.
    return secret === undefined
      ? wrong(`--redact ${name}: there is no environment variable ${name}`)
      : Effect.succeed(Redacted.make(secret))
  })

const word = (name: string): Args.Args<string> =>
  Args.text({ name }).pipe(
    Args.mapEffect((given) =>
      isMarked(given) ? Effect.succeed(withoutMark(given)) : Effect.fail(HelpDoc.p(unknown(given)))
    )
  )

export const runCommand = <R>(run: (options: RunOptions) => Effect.Effect<void, never, R>) =>
  Command.make("run", {
    label,
    killAfter,
    redact,
    stdin: flag(optionTexts.stdin),
    noPrefix: flag(optionTexts.noPrefix),
    json: flag(optionTexts.json),
    program: word("COMMAND"),
    args: Args.repeated(word("ARGS"))
  }, ({ args, label, program, ...options }) =>
    run({ ...options, words: [program, ...args], label: Option.getOrUndefined(label) })).pipe(
      Command.withDescription("Run a command, relay its output, and end with its exit code.")
    )
