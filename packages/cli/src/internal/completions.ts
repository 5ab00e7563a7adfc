/**
 * What can stand at the end of a command line, from the description of the commands. Nothing is offered that the
 * command would refuse.
 */
import {
  type ArgumentText,
  commands,
  type CommandText,
  general,
  type NameKind,
  type OptionText,
  type ValueKind
} from "./texts.js"

export interface Candidate {
  readonly word: string
  readonly description: string
}

/** What a lookup of names must know of the command line. */
export interface Lookup {
  readonly of: NameKind
  /** The values of the options before the word, by name. */
  readonly values: ReadonlyMap<string, string>
}

/** A value of the form `--name=value` has `--name=` as its prefix. */
export type Offer =
  | { readonly kind: "words"; readonly words: ReadonlyArray<Candidate> }
  | { readonly kind: "names"; readonly lookup: Lookup; readonly prefix: string; readonly canBeginWithDash: boolean }
  | { readonly kind: "directories" | "files" | "programs" }
  /** Another program begins at this index, and its words are the shell's business. */
  | { readonly kind: "command"; readonly at: number }

/** `words`: those after `tether`, up to the one under the cursor, which may be empty. */
export const offerOf = (words: ReadonlyArray<string>): Offer => {
  const before = words.slice(0, -1)
  const current = words.at(-1) ?? ""
  const [first, second] = before
  if (first === undefined) return firstWord(current)
  if (first === "help") return helpWord(before.slice(1))
  if (first === `--${general.completions.name}`)
    return before.length === 1 ? valueOf(general.completions, "", noLine) : nothing
  const command = commands.find(({ name }) => name === first)
  if (command?.parts === undefined)
    return command === undefined ? nothing : inCommand(command, readLine(command, before, 1), current)
  if (second === undefined)
    return isOption(current) ? offered(optionWords([general.help, general.version])) : partsOf(command)
  const part = command.parts.find(({ name }) => name === `${command.name} ${second}`)
  return part === undefined ? nothing : inCommand(part, readLine(part, before, 2), current)
}

const offered = (words: ReadonlyArray<Candidate>): Offer => ({ kind: "words", words })

const nothing = offered([])

const isOption = (word: string): boolean => word.startsWith("-")

const candidate = (word: string, description = ""): Candidate => ({ word, description })

const described = ({ name, summary }: CommandText, word = name) => candidate(word, summary)

const optionWords = (options: ReadonlyArray<OptionText>): ReadonlyArray<Candidate> =>
  options.flatMap(({ alias, name, text }) => {
    const description = firstSentence(text.join(" "))
    return [candidate(`--${name}`, description), ...(alias === undefined ? [] : [candidate(`-${alias}`, description)])]
  })

const firstSentence = (text: string): string => text.split(/(?<=\.) /, 1)[0] ?? ""

const firstWord = (current: string): Offer => {
  if (current.startsWith(`--${general.completions.name}=`))
    return valueOf(general.completions, `--${general.completions.name}=`, noLine)
  return offered(
    isOption(current)
      ? optionWords(Object.values(general))
      : [...commands.map((command) => described(command)), candidate("help", "Show the help of a command.")]
  )
}

const helpWord = (before: ReadonlyArray<string>): Offer => {
  const [name, ...more] = before
  if (name === undefined) return offered(commands.map((command) => described(command)))
  const command = commands.find((known) => known.name === name)
  return command?.parts === undefined || more.length > 0 ? nothing : partsOf(command)
}

const partsOf = ({ name, parts = [] }: CommandText): Offer =>
  offered(parts.map((part) => described(part, part.name.slice(name.length + 1))))

/** What the words before the current one say. */
interface Line {
  /** The values of the options that are given, by name. */
  readonly options: ReadonlyMap<string, string>
  readonly args: ReadonlyArray<string>
  /** The index of `--` among all words. */
  readonly dashesAt?: number
  /** The last word is an option, and the current one may be its value. */
  readonly pending?: OptionText
}

const noLine: Line = { options: new Map(), args: [] }

/** `undefined` for a line that the command refuses, whatever follows, or that asks for its help. */
const readLine = (command: CommandText, words: ReadonlyArray<string>, from: number): Line | undefined => {
  const known = Object.values(command.options)
  const options = new Map<string, string>()
  const args: Array<string> = []
  for (let index = from; index < words.length; index++) {
    const word = words[index] as string
    if (word === "--") {
      if (command.takesCommand !== true) args.push(...words.slice(index + 1))
      return { options, args, dashesAt: index }
    }
    if (!isOption(word) || word === "-") {
      args.push(word)
      continue
    }
    const [name, value] = splitOption(word)
    const option = known.find((one) => name === `--${one.name}` || word === `-${one.alias}`)
    if (option === undefined || (options.has(option.name) && option.isRepeatable !== true)) return undefined
    if (option.value === undefined && value !== undefined) return undefined
    const next = words[index + 1]
    if (option.value === undefined || value !== undefined) options.set(option.name, value ?? "")
    else if (next === undefined) return { options, args, pending: option }
    else if (option.isValueOptional === true && isOption(next)) options.set(option.name, "")
    else {
      options.set(option.name, next)
      index++
    }
  }
  return { options, args }
}

const splitOption = (word: string): readonly [name: string, value: string | undefined] => {
  const at = word.indexOf("=")
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)]
}

const inCommand = (command: CommandText, line: Line | undefined, current: string): Offer => {
  if (line === undefined) return nothing
  const { pending } = line
  if (pending !== undefined) {
    if (pending.isValueOptional !== true || !isOption(current)) return valueOf(pending, "", line)
    return optionOf(command, { ...line, options: new Map([...line.options, [pending.name, ""]]) }, current)
  }
  const args = argumentsOf(command, line)
  if (args === undefined) return nothing
  const { dashesAt } = line
  if (command.takesCommand === true && dashesAt !== undefined)
    return line.args.length === args.length ? { kind: "command", at: dashesAt + 1 } : nothing
  if (dashesAt === undefined && isOption(current)) return optionOf(command, line, current)
  if (command.actions !== undefined && line.args.length === 0)
    return offered(command.actions.map(({ name, text }) => candidate(name, text)))
  const argument = args[line.args.length] ?? args.findLast(({ isRepeatable }) => isRepeatable === true)
  const offer = argument === undefined ? undefined : argumentOffer(argument, line)
  if (offer !== undefined) return offer
  // Where only a free text can stand, or no argument at all, the options are what can be shown.
  return current === "" && dashesAt === undefined ? optionOf(command, line, current) : nothing
}

/** The arguments that the command takes before `--` on this line, or `undefined` where it refuses those given. */
const argumentsOf = (command: CommandText, line: Line): ReadonlyArray<ArgumentText> | undefined => {
  const given = line.args.length
  const isWithout = optionsOf(command, line).some(({ excludesArguments }) => excludesArguments === true)
  const args = isWithout ? [] : (command.args ?? [])
  if (command.actions === undefined)
    return given <= args.length || args.at(-1)?.isRepeatable === true ? args : undefined
  const action = command.actions.find(({ name }) => name === line.args[0])
  if (given > 0 && action === undefined) return undefined
  // The parser takes a further word after any action, and most actions do not look at it.
  return given > 2 ? undefined : [{ name: "ACTION" }, ...(action?.argument === undefined ? [] : [action.argument])]
}

const optionsOf = (command: CommandText, { options }: Line): ReadonlyArray<OptionText> =>
  Object.values(command.options).filter(({ name }) => options.has(name))

const optionOf = (command: CommandText, line: Line, current: string): Offer => {
  const free = Object.values(command.options).filter((option) => isFree(option, command, line))
  const [name, value] = splitOption(current)
  if (value !== undefined) {
    const option = free.find((one) => name === `--${one.name}` && one.value !== undefined)
    return option === undefined ? nothing : valueOf(option, `${name}=`, line)
  }
  const isComplete = command.takesCommand === true && line.args.length === (command.args ?? []).length
  return offered([
    ...optionWords([...free, general.help, general.version]),
    ...(isComplete ? [candidate("--", "The command comes next.")] : [])
  ])
}

/** Whether the command takes the option next to what is given already. */
const isFree = (option: OptionText, command: CommandText, line: Line): boolean => {
  const { actions, excludes = [], excludesArguments, isRepeatable, name } = option
  const [action] = line.args
  return (
    (isRepeatable === true || !line.options.has(name)) &&
    !optionsOf(command, line).some(
      (other) => excludes.includes(other.name) || other.excludes?.includes(name) === true
    ) &&
    (excludesArguments !== true || line.args.length === 0) &&
    (actions === undefined || action === undefined || actions.includes(action))
  )
}

const argumentOffer = ({ kind, kindWith, values }: ArgumentText, line: Line): Offer | undefined =>
  offerOfValue(
    values,
    kindWith !== undefined && line.options.has(kindWith.option) ? kindWith.kind : kind,
    "",
    line,
    line.dashesAt !== undefined
  )

/** A free text has no completions. */
const valueOf = ({ kind, values }: OptionText, prefix: string, line: Line): Offer =>
  offerOfValue(values, kind, prefix, line, prefix !== "") ?? nothing

const offerOfValue = (
  values: ReadonlyArray<string> | undefined,
  kind: ValueKind | undefined,
  prefix: string,
  line: Line,
  canBeginWithDash: boolean
): Offer | undefined => {
  if (values !== undefined) return offered(values.map((value) => candidate(`${prefix}${value}`)))
  switch (kind) {
    case undefined:
      return undefined
    case "directory":
      return { kind: "directories" }
    case "file":
      return { kind: "files" }
    case "program":
      return { kind: "programs" }
    default:
      return { kind: "names", lookup: { of: kind, values: line.options }, prefix, canBeginWithDash }
  }
}
