/**
 * The options of `tether run`, from words to values.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { unknown } from "./misuse.js"
import { duration, flag, journal, present, text, wrong, type Kept } from "./options.js"
import * as texts from "./texts.js"
import { isMarked, withoutMark } from "./words.js"

export interface RunOptions {
  readonly words: readonly [program: string, ...args: ReadonlyArray<string>]
  readonly label: string | undefined
  readonly killAfter: Duration.Duration
  readonly redact: ReadonlyArray<Redacted.Redacted>
  readonly journal: Kept | undefined
  readonly stdin: boolean
  readonly noPrefix: boolean
  readonly raw: boolean
  readonly json: boolean
}

const { options } = texts.run

const label = text(options.label).pipe(Options.mapEffect(present(options.label)), Options.optional)

const redact = text(options.redact).pipe(
  Options.repeated,
  Options.mapEffect(Effect.forEach((name) => Effect.flatMap(present(options.redact)(name), secretOf)))
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
  Command.make(
    texts.run.name,
    {
      label,
      killAfter: duration(options.killAfter, "5s"),
      redact,
      journal: journal(options.journal),
      stdin: flag(options.stdin),
      noPrefix: flag(options.noPrefix),
      raw: flag(options.raw),
      json: flag(options.json),
      program: word("COMMAND"),
      args: Args.repeated(word("ARGS"))
    },
    ({ args, journal, label, program, ...rest }) =>
      rest.raw && rest.redact.length > 0
        ? wrong("--raw passes the output on untouched, and --redact replaces parts of it: give one of them")
        : run({
            ...rest,
            words: [program, ...args],
            label: Option.getOrUndefined(label),
            journal: Option.getOrUndefined(journal)
          })
  ).pipe(Command.withDescription(texts.run.summary))
