/**
 * Options from words to values, as all commands have them.
 */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { parseDuration } from "./duration.js"
import { needsValue } from "./misuse.js"
import type { OptionText } from "./texts.js"
import { isMarked, noValue } from "./words.js"

export const wrong = (problem: string) => Effect.fail(ValidationError.invalidValue(HelpDoc.p(problem)))

const described =
  ({ alias, text }: OptionText) =>
  <A>(option: Options.Options<A>): Options.Options<A> =>
    (alias === undefined ? option : Options.withAlias(option, alias)).pipe(Options.withDescription(text.join(" ")))

export const flag = (option: OptionText): Options.Options<boolean> =>
  Options.boolean(option.name).pipe(described(option))

export const text = (option: OptionText): Options.Options<string> =>
  Options.text(option.name).pipe(Options.withPseudoName(option.value ?? "VALUE"), described(option))

/** A whole number, as a person writes one. */
export const count = (option: OptionText): Options.Options<number> =>
  text(option).pipe(
    Options.mapEffect(present(option)),
    Options.mapEffect((given) =>
      /^\d{1,15}$/.test(given)
        ? Effect.succeed(Number(given))
        : wrong(`--${option.name} takes a whole number, and not '${given}'`)
    )
  )

/** Refuses what is no value: where one is missing, the parser takes the first word behind `--` for it. */
export const present = (option: OptionText) => (given: string) =>
  isMarked(given) ? wrong(needsValue(option)) : Effect.succeed(given)

/** Refuses an empty name, which is what an unset variable leaves. */
export const named = (option: OptionText) => (given: string) =>
  given === "" ? wrong(`--${option.name} needs a name, and was given an empty one`) : Effect.succeed(given)

/** Where a command records: in a directory, or in the journal of this user. */
export interface Kept {
  readonly directory: string | undefined
}

/** The directory of a journal, or `undefined` where that of this user is meant. */
export const journal = (option: OptionText): Options.Options<Option.Option<Kept>> =>
  text(option).pipe(
    Options.mapEffect((given): Effect.Effect<Kept, ValidationError.ValidationError> =>
      given === noValue
        ? Effect.succeed({ directory: undefined })
        : Effect.map(Effect.flatMap(present(option)(given), named(option)), (directory) => ({ directory }))
    ),
    Options.optional
  )

/** Without a default, it must be given, or the option be optional. */
export const duration = (option: OptionText, byDefault: string | undefined): Options.Options<Duration.Duration> =>
  (byDefault === undefined ? text(option) : Options.withDefault(text(option), byDefault)).pipe(
    Options.mapEffect(present(option)),
    Options.mapEffect((given) =>
      Option.match(parseDuration(given), {
        onNone: () =>
          wrong(
            `--${option.name} takes a duration like 500ms, ${byDefault ?? "5s"}, 2m or "2 seconds", and not '${given}'`
          ),
        onSome: Effect.succeed
      })
    )
  )
