/**
 * Command lines that make no sense: one line that says why, one that shows how it is done, and exit code 2.
 */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as ValidationError from "@effect/cli/ValidationError"
import * as DidYouMean from "@tether/host/DidYouMean"
import * as TerminalText from "@tether/host/TerminalText"
import * as Effect from "effect/Effect"
import type { Outlets } from "./outlets.js"
import { commandIn, commands, type CommandText, general, type OptionText } from "./texts.js"
import { splitAtDashes, withoutMarks } from "./words.js"

const misused = 2

// Built into @effect/cli and no part of tether: a dialog, and a log level that would hide what is relayed.
const notOurs = ["--wizard", "--log-level"]

/** What is wrong with words that the parser would take, or let pass. */
export const problemBefore = (argv: ReadonlyArray<string>): string | undefined => {
  const { before } = splitAtDashes(argv)
  const stranger = before.find((word) => notOurs.includes(nameIn(word)))
  if (stranger !== undefined) return unknown(stranger)
  if (!commands.some(({ name }) => name === before[0])) return withoutCommand(before)
  const command = commandIn(before)
  if (command?.parts !== undefined) return withoutPart(command, before)
  // The parser takes a word with a dash that it does not know for an argument.
  const strange = command === undefined ? undefined : strangeOption(command, before)
  if (strange !== undefined) return strange
  // The parser would say that it does not know the option.
  const last = Object.values(command?.options ?? {}).find(
    ({ alias, name }) => `--${name}` === before.at(-1) || (alias !== undefined && `-${alias}` === before.at(-1))
  )
  return last?.value === undefined || last.isValueOptional === true ? undefined : needsValue(last)
}

const nameIn = (word: string): string => word.split("=", 1)[0] as string

const withoutCommand = (before: ReadonlyArray<string>): string => {
  const [word, next] = before
  if (word === undefined) return "there is no command before --"
  const { name, values } = general.completions
  // With one of these shells it is answered before.
  if (nameIn(word) === `--${name}`) {
    const given = word.includes("=") ? word.slice(word.indexOf("=") + 1) : next
    const got = given === undefined ? "nothing" : `'${given}'`
    return `--${name} must be ${values.slice(0, -1).join(", ")} or ${values.at(-1)}, got ${got}`
  }
  if (word.startsWith("-")) return unknown(word)
  const names = commands.map((command) => command.name)
  const reason = `there is no command ${DidYouMean.quoted(word, names)}`
  return DidYouMean.closest(word, names) === undefined ? `${reason}; use one of: ${names.join(", ")}` : reason
}

/** A word that looks like an option and is none of the command's, nor the value of one. */
const strangeOption = ({ options }: CommandText, words: ReadonlyArray<string>): string | undefined => {
  const known = Object.values(options)
  for (let index = 1; index < words.length; index++) {
    const word = words[index] as string
    if (!word.startsWith("-") || word === "-") continue
    const option = known.find(({ alias, name }) => nameIn(word) === `--${name}` || word === `-${alias}`)
    if (option === undefined)
      return unknown(
        word,
        known.map(({ name }) => `--${name}`)
      )
    const isAlone = option.isValueOptional === true && (words[index + 1] ?? "-").startsWith("-")
    if (option.value !== undefined && !word.includes("=") && !isAlone) index++
  }
  return undefined
}

/** The parser would show a help of its own, or name the commands of tether. */
const withoutPart = ({ name, parts = [] }: CommandText, words: ReadonlyArray<string>): string => {
  const actions = parts.map((part) => part.name.slice(name.length + 1))
  const next = words[words.indexOf(name) + 1]
  if (next === undefined) return knows(name, actions)
  return next.startsWith("-") ? unknown(next) : unknownAction(name, next, actions)
}

const knows = (command: string, actions: ReadonlyArray<string>): string =>
  `tether ${command} knows ${actions.join(", ")}`

export const unknownAction = (command: string, given: string, actions: ReadonlyArray<string>): string =>
  `there is no action ${DidYouMean.quoted(given, actions)}: ${knows(command, actions)}`

export const needsValue = ({ name, value = "VALUE" }: OptionText): string =>
  `--${name} needs a value: --${name} ${value}`

/** What is wrong, in the parser's words where it has some. */
export const problemOf = (error: ValidationError.ValidationError): string => {
  if (ValidationError.isUnclusteredFlag(error))
    return unknown(`-${error.unclustered.map((flag) => flag.slice(1)).join("")}`)
  return withoutMarks(
    HelpDoc.toAnsiText(error.error)
      .split("\n")
      .map((line) => TerminalText.sanitize(line).trim())
      .filter((line) => line !== "")
      .join(" ")
  )
}

export const unknown = (word: string, known: ReadonlyArray<string> = []): string => {
  if (!word.startsWith("-")) return `'${word}' is not known here: the command and its arguments stand behind --`
  const meant = DidYouMean.closest(nameIn(word), known)
  const or = meant === undefined ? "" : `. Did you mean '${meant}'?`
  return `'${word}' is no option here, or was given before${or}`
}

export const tellMisuse = (outlets: Outlets, argv: ReadonlyArray<string>, problem: string): Effect.Effect<number> =>
  Effect.suspend(() => {
    const command = commandIn(splitAtDashes(argv).before)
    outlets.say(problem)
    outlets.say(
      command === undefined
        ? "usage: tether COMMAND [options] (more: tether --help)"
        : `usage: ${command.usage} (more: tether ${command.name} --help)`
    )
    return Effect.as(outlets.settled, misused)
  })
