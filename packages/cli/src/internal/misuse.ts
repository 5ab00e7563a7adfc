/**
 * Command lines that make no sense: one line that says why, one that shows how it is done, and exit code 2.
 */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Effect from "effect/Effect"
import { stripVTControlCharacters } from "node:util"
import { usage } from "./help.js"
import type { Outlets } from "./outlets.js"
import { splitAtDashes } from "./words.js"

const misused = 2

// Built into @effect/cli and no part of tether: a dialog, and a log level that would hide what is relayed.
const notOurs = ["--wizard", "--log-level"]

/** What is wrong with words that the parser would take, or let pass. */
export const problemBefore = (argv: ReadonlyArray<string>): string | undefined => {
  if (argv.length === 0) return "there is nothing to do"
  const stranger = splitAtDashes(argv).before.find((word) => notOurs.includes(word.split("=", 1)[0] as string))
  return stranger === undefined ? undefined : unknown(stranger)
}

/** What is wrong, in the parser's words where it has some. */
export const problemOf = (error: ValidationError.ValidationError): string => {
  if (ValidationError.isUnclusteredFlag(error)) return unknown(`-${error.unclustered.map((flag) => flag.slice(1)).join("")}`)
  return stripVTControlCharacters(HelpDoc.toAnsiText(error.error)).trim()
}

export const unknown = (word: string): string =>
  word.startsWith("-")
    ? `'${word}' is no option here, or was given before`
    : `'${word}' is not known here: the command and its arguments stand behind --`

export const tellMisuse = (outlets: Outlets, problem: string): Effect.Effect<number> =>
  Effect.suspend(() => {
    outlets.say(problem)
    outlets.say(`usage: ${usage} (more: tether run --help)`)
    return Effect.as(outlets.settled, misused)
  })
