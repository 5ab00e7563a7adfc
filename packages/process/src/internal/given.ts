/**
 * What a program without types may have given: values of another type are problems, and are left out of all that
 * follows, so that nothing of it throws.
 */
import * as Command from "@effect/platform/Command"
import * as DidYouMean from "@tether/host/DidYouMean"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { ChildOptions } from "../ChildOptions.js"

/** A type of an option: what a value of it is called, and whether a value is one. */
interface Type {
  readonly name: string
  readonly has: (value: unknown) => boolean
}

/** A value by its kind. Itself it is not shown: it may be a secret in the wrong place. */
export const kindOf = (value: unknown): string => {
  if (value === null) return "null"
  if (typeof value === "string") return "a text"
  if (Array.isArray(value)) return "an array"
  return typeof value === "object" ? "an object" : `a ${typeof value}`
}

/** One of a few words as it was given, and anything else by its kind. */
export const shownWord = (value: unknown): string => (typeof value === "string" ? `"${value}"` : kindOf(value))

const isObject = (value: unknown): value is object =>
  (typeof value === "object" || typeof value === "function") && value !== null

const isRecord = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value)

const isSecret = (value: unknown): boolean => typeof value === "string" || secretOf(value) !== undefined

/** The text of a secret; undefined where it is none, or has been wiped. */
export const secretOf = (value: unknown): string | undefined => {
  if (!Redacted.isRedacted(value)) return undefined
  try {
    return String(Redacted.value(value))
  } catch {
    return undefined
  }
}

const text: Type = { name: "a text", has: (value) => typeof value === "string" }
const flag: Type = { name: "true or false", has: (value) => typeof value === "boolean" }
const record: Type = { name: "an object", has: isRecord }
/** Whose values are looked at with what they are for. */
const anything: Type = { name: "anything", has: () => true }

const types = {
  label: text,
  cwd: text,
  env: record,
  redact: {
    name: "an array of texts and Redacted texts",
    has: (value) => Array.isArray(value) && value.every(isSecret)
  },
  argv0: text,
  uid: anything,
  gid: anything,
  stdin: anything,
  stdout: anything,
  stderr: anything,
  fds: record,
  pipes: anything,
  onLines: {
    name: "an object with a function for each stream",
    has: (value) => isRecord(value) && Object.values(value as object).every(isFunctionOrAbsent)
  },
  relay: {
    name: "true, false, or an object with options",
    has: (value) => typeof value === "boolean" || isRecord(value)
  },
  maxLineBytes: anything,
  carriageReturn: { name: `"keep" or "split"`, has: (value) => value === "keep" || value === "split" },
  flushPartialAfter: anything,
  tailBytes: anything,
  expect: {
    name: "a function, or an array of exit codes and ExitStatus",
    has: (value) => Array.isArray(value) || typeof value === "function"
  },
  check: flag,
  stop: { name: "a StopPlan, as StopPlan.make makes one", has: (value) => isStopPlan(value) },
  containment: anything,
  leftovers: anything,
  leftoverGrace: anything,
  drainGrace: anything,
  deliverGrace: anything
} satisfies Record<keyof ChildOptions, Type>

const isFunctionOrAbsent = (value: unknown): boolean => value === undefined || typeof value === "function"

/** Also asked of what is given to `child.stop`. */
export const isStopPlan = (value: unknown): boolean =>
  isObject(value) && "steps" in value && Array.isArray(value.steps) && value.steps.every(isStep)

const isStep = (value: unknown): boolean => {
  if (!isObject(value) || !("_tag" in value) || !("wait" in value) || !Duration.isDuration(value.wait)) return false
  if (value._tag === "Signal") return "signal" in value
  return value._tag === "CloseStdin" || (value._tag === "Ask" && "effect" in value && Effect.isEffect(value.effect))
}

export interface Given<A> {
  readonly value: A
  readonly problems: ReadonlyArray<string>
}

/** The options by their names. To read one may throw: it may be a getter, or the object a proxy. */
const optionsByName = (options: unknown): Given<Readonly<Record<string, unknown>>> => {
  try {
    if (options === undefined || isRecord(options)) return { value: { ...(options as object) }, problems: [] }
    return { value: {}, problems: [`the options must be an object, got ${kindOf(options)}`] }
  } catch {
    return { value: {}, problems: ["the options must be readable, but a getter threw"] }
  }
}

/** The options that have their types. */
export const givenOptions = (options: unknown): Given<ChildOptions> => {
  const given = optionsByName(options)
  const problems = [...given.problems]
  const value: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(given.value)) {
    if (option === undefined) continue
    if (!Object.hasOwn(types, name)) {
      problems.push(`there is no option ${DidYouMean.quoted(name, Object.keys(types))}`)
      continue
    }
    const type: Type = types[name as keyof ChildOptions]
    if (type.has(option)) value[name] = option
    else problems.push(`${name} must be ${type.name}, got ${kindOf(option)}`)
  }
  return { value, problems }
}

interface Collecting {
  readonly limit: number
  readonly whole: boolean
  /** Those of the child. */
  readonly options: ChildOptions
}

/** The options of a run that collects, apart from those of its child, which are looked at with its command. */
export const givenCollecting = (options: unknown, defaultLimit: number): Given<Collecting> => {
  const { problems, value } = optionsByName(options)
  const { limit = defaultLimit, whole = false, ...rest } = value
  const isLimit = Number.isSafeInteger(limit) && Number(limit) >= 0
  return {
    value: { limit: isLimit ? Number(limit) : defaultLimit, whole: whole === true, options: rest },
    problems: [
      ...problems,
      ...(isLimit
        ? []
        : [`limit must be a whole number of bytes, got ${typeof limit === "number" ? limit : kindOf(limit)}`]),
      ...(typeof whole === "boolean" ? [] : [`whole must be true or false, got ${kindOf(whole)}`])
    ]
  }
}

/** In the place of a command that is none. */
export const nothing = Command.make("?")

/** A command whose words are texts. */
export const givenCommand = (command: unknown): Given<Command.Command> => {
  if (!Command.isCommand(command)) {
    const problem = `the command must be a Command, as Command.make makes one, got ${kindOf(command)}`
    return { value: nothing, problems: [problem] }
  }
  if (Command.flatten(command).every(hasTexts)) return { value: command, problems: [] }
  const problems: Array<string> = []
  const inTexts = (each: Command.Command): Command.Command =>
    each._tag === "PipedCommand" ? Command.pipeTo(inTexts(each.left), inTexts(each.right)) : withTexts(each, problems)
  return { value: inTexts(command), problems }
}

const hasTexts = ({ args, command }: Command.StandardCommand): boolean =>
  typeof command === "string" && args.every((word) => typeof word === "string")

const withTexts = (stage: Command.StandardCommand, problems: Array<string>): Command.Command => {
  const [command = "?", ...args] = [stage.command, ...stage.args].map((word: unknown, index) => {
    if (typeof word === "string") return word
    problems.push(`${index === 0 ? "the program" : `argument ${index}`} must be a text, got ${kindOf(word)}`)
    return "?"
  })
  return Object.assign(Object.create(Object.getPrototypeOf(stage) as object) as object, stage, {
    command,
    args
  }) as never
}
