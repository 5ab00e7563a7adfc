/**
 * What a child reads and writes: the descriptors that are asked for, the plan of what is done with each, and all that
 * is wrong with them.
 */
import type * as Command from "@effect/platform/Command"
import * as DidYouMean from "@tether/host/DidYouMean"
import * as LogLevel from "effect/LogLevel"
import * as Predicate from "effect/Predicate"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { type Descriptor, type StreamName, streamAt } from "../ChildDriver.js"
import type { ChildOptions, Input, Output } from "../ChildOptions.js"
import { IO } from "../Relay.js"
import { kindOf, secretOf } from "./given.js"
import type { Source, StreamPlan } from "./plan.js"

/** Where a process stands in its pipeline. A single command is its first stage and its last. */
export interface Place {
  readonly isFirst: boolean
  readonly isLast: boolean
}

export interface Stdio {
  readonly descriptors: ReadonlyMap<number, Descriptor>
  readonly streams: ReadonlyMap<StreamName, StreamPlan>
  readonly inputs: ReadonlyMap<number, Source>
  readonly problems: ReadonlyArray<string>
}

type Given = readonly [descriptor: number, form: Input | Output]

export const stdioOf = (command: Command.StandardCommand, options: ChildOptions, place: Place): Stdio => {
  const given = formsOf(command, options, place)
  const relay = relayOf(options)
  const descriptors = new Map<number, Descriptor>()
  const streams = new Map<StreamName, StreamPlan>()
  const inputs = new Map<number, Source>()
  const problems = [...relay.problems, ...numberProblems(options), ...placeProblems(command, options, place)]
  for (const [descriptor, form] of given) {
    const problem = problemOf(descriptor, form)
    if (problem !== undefined) {
      problems.push(problem)
      continue
    }
    descriptors.set(descriptor, descriptorOf(descriptor, form))
    const source = sourceOf(form)
    if (source !== undefined) inputs.set(descriptor, source)
    const stream = streamAt(descriptor)
    if (form === "lines")
      streams.set(stream, { as: "lines", relay: relay.of(stream), onLines: options.onLines?.[stream] })
    else if (form === "bytes") streams.set(stream, { as: "bytes", sink: undefined })
    else if (isForm(form, "sink")) streams.set(stream, { as: "bytes", sink: form.sink as never })
  }
  if (problems.length === 0) problems.push(...readerProblems(options, place, new Map(given), streams))
  return { descriptors, streams, inputs, problems }
}

// Of a pipeline, the neighbours have the rest.
const formsOf = (command: Command.StandardCommand, options: ChildOptions, place: Place): ReadonlyArray<Given> => [
  ...(place.isFirst ? [[0, options.stdin ?? inputOf(command.stdin)] as const] : []),
  ...(place.isLast ? [[1, options.stdout ?? outputOf(command.stdout)] as const] : []),
  [2, options.stderr ?? outputOf(command.stderr)],
  ...Object.entries(options.fds ?? {})
    .filter(([name]) => isNumbered(name))
    .map(([name, form]): Given => [Number(name), form])
]

const isNumbered = (name: string): boolean => /^\d{1,3}$/.test(name) && Number(name) >= 3 && Number(name) <= 255

const numberProblems = (options: ChildOptions): ReadonlyArray<string> =>
  Object.keys(options.fds ?? {})
    .filter((name) => !isNumbered(name))
    .map((name) => `fds are numbered from 3 to 255, and not ${name}`)

// A command's "pipe" is also what a command has that says nothing.
const inputOf = (input: Command.Command.Input): Input => {
  if (typeof input === "string") return input === "inherit" ? "inherit" : "null"
  return { stream: input }
}

const outputOf = (output: Command.Command.Output): Output => {
  if (typeof output === "string") return output === "inherit" ? "inherit" : "lines"
  return { sink: output }
}

/** Also for what a program without types may have given. */
const isForm = <K extends string>(form: unknown, key: K): form is Readonly<Record<K, unknown>> =>
  Predicate.hasProperty(form, key) && form[key] !== undefined

const inputWords = ["null", "inherit", "pipe"]
const outputWords = ["lines", "bytes", "null", "inherit"]

const mayRead = (descriptor: number) => descriptor === 0 || descriptor > 2
const mayWrite = (descriptor: number) => descriptor > 0

const problemOf = (descriptor: number, form: unknown): string | undefined => {
  const name = nameOf(descriptor)
  const isInput =
    mayRead(descriptor) &&
    (inputWords.includes(form as string) ||
      isForm(form, "text") ||
      isForm(form, "bytes") ||
      isForm(form, "stream") ||
      isForm(form, "file"))
  const isOutput =
    mayWrite(descriptor) && (outputWords.includes(form as string) || isForm(form, "sink") || isForm(form, "file"))
  if (!isInput && !isOutput) return `${name} is ${choices(descriptor)}, and not ${shownForm(form)}`
  const forms = ["text", "bytes", "stream", "sink", "file"].filter((key) => isForm(form, key))
  if (forms.length > 1) return `${name} is given as ${forms.join(" and as ")}: give one of them`
  if (isForm(form, "file")) return fileProblem(name, form.file)
  if (isForm(form, "text") && typeof form.text !== "string" && secretOf(form.text) === undefined)
    return `the text of ${name} is no text`
  if (isForm(form, "stream") && !Predicate.hasProperty(form.stream, Stream.StreamTypeId))
    return `the stream of ${name} is no Stream`
  if (isForm(form, "sink") && !Predicate.hasProperty(form.sink, Sink.SinkTypeId))
    return `the sink of ${name} is no Sink`
  if (isForm(form, "bytes") && !(form.bytes instanceof Uint8Array)) return `the bytes of ${name} are no Uint8Array`
  return undefined
}

const fileProblem = (name: string, path: unknown): string | undefined => {
  if (typeof path !== "string" || path === "") return `the file of ${name} has no name`
  return path.includes("\0") ? `the file of ${name} has a NUL byte in its name` : undefined
}

const choices = (descriptor: number): string =>
  [
    ...new Set(
      [...(mayRead(descriptor) ? inputWords : []), ...(mayWrite(descriptor) ? outputWords : [])].map(
        (word) => `"${word}"`
      )
    ),
    ...(mayRead(descriptor) ? ["{ text }", "{ bytes }", "{ stream }"] : []),
    ...(mayWrite(descriptor) ? ["{ sink }"] : []),
    "{ file }"
  ].join(", ")

// No value of another kind is shown: it may be a secret, given in the wrong place.
const shownForm = (form: unknown): string => {
  if (typeof form !== "string") return "something of another form"
  return [...inputWords, ...outputWords].includes(form) ? `"${form}"` : "another text"
}

const nameOf = (descriptor: number): string => {
  if (descriptor === 0) return "stdin"
  return descriptor === 1 || descriptor === 2 ? streamAt(descriptor) : `fd ${descriptor}`
}

const descriptorOf = (descriptor: number, form: Input | Output): Descriptor => {
  if (form === "null" || form === "inherit") return form
  if (isForm(form, "file")) {
    const { append, file: path } = form as Extract<Output, { readonly file: string }>
    // What is said of appending says that it is written.
    const isRead = descriptor === 0 || (descriptor > 2 && append === undefined)
    return { _tag: "File", path, access: isRead ? "read" : append === true ? "append" : "write" }
  }
  return form === "lines" || form === "bytes" || isForm(form, "sink") ? "output" : "input"
}

const encoder = new TextEncoder()

const sourceOf = (form: Input | Output): Source | undefined => {
  if (form === "pipe") return "owner"
  if (isForm(form, "text")) {
    return encoder.encode(secretOf(form.text) ?? (form.text as string))
  }
  // A copy: whoever gave it may write something else into it meanwhile.
  if (isForm(form, "bytes")) return (form.bytes as Uint8Array).slice()
  return isForm(form, "stream") ? (form.stream as Exclude<Source, "owner">) : undefined
}

/** What a stage has of its own where its neighbour is, and what cannot be said of several processes. */
const placeProblems = (
  command: Command.StandardCommand,
  options: ChildOptions,
  { isFirst, isLast }: Place
): ReadonlyArray<string> => {
  const problems: Array<string> = []
  if (isFirst && isLast) return problems
  if (!isFirst && command.stdin !== "pipe")
    problems.push(`"${command.command}" has a stdin of its own, and stands behind another command`)
  if (!isLast && command.stdout !== "pipe")
    problems.push(`"${command.command}" has a stdout of its own, and stands before another command`)
  if (isFirst && options.argv0 !== undefined) problems.push("argv0 is for a single command, and this is a pipeline")
  if (isFirst && Object.keys(options.fds ?? {}).length > 0)
    problems.push("fds are for a single command, and this is a pipeline")
  return problems
}

const readerProblems = (
  options: ChildOptions,
  place: Place,
  forms: ReadonlyMap<number, Input | Output>,
  streams: ReadonlyMap<StreamName, StreamPlan>
): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const isLines = (stream: string) => streams.get(stream as StreamName)?.as === "lines"
  // Of an inner stage, stdout is nobody's but its neighbour's.
  const isAsked = (stream: string) => place.isLast || stream !== "stdout"
  const shown = (stream: string) => {
    const form = forms.get(stream === "stdout" ? 1 : stream === "stderr" ? 2 : Number(stream.slice(2)))
    if (form === undefined) return "not there"
    return typeof form === "string" ? `"${form}"` : `{ ${Object.keys(form)[0]} }`
  }
  for (const [stream, onLines] of Object.entries(options.onLines ?? {})) {
    if (onLines !== undefined && isAsked(stream) && !isLines(stream)) {
      problems.push(`onLines.${stream} needs ${stream}: "lines", and it is ${shown(stream)}`)
    }
  }
  const { relay } = options
  if (relay === undefined || relay === false) return problems
  for (const [stream, isRelayed] of Object.entries(relay === true ? {} : relay)) {
    if (isRelayed === true && stream !== "colour" && isAsked(stream) && !isLines(stream)) {
      problems.push(`relay.${stream} needs ${stream}: "lines", and it is ${shown(stream)}`)
    }
  }
  const isSomeRelayed = [...streams].some(
    ([stream, { as }]) => as === "lines" && (relay === true || relay[stream] !== false)
  )
  if (place.isLast && !isSomeRelayed && problems.length === 0) {
    problems.push("relay is asked for, and there is no stream to relay")
  }
  return problems
}

const relayOf = ({ relay }: ChildOptions) => {
  if (relay === undefined || relay === false) return { of: () => undefined, problems: [] }
  const asked = relay === true ? {} : relay
  const level = levelOf(asked.level)
  const target = { level: level ?? IO, colour: asked.colour ?? false }
  const known = LogLevel.allLevels.map(({ _tag }) => _tag)
  return {
    of: (stream: StreamName) => (asked[stream] === false ? undefined : target),
    problems:
      level === undefined
        ? [
            `there is no log level ${typeof asked.level === "string" ? DidYouMean.quoted(asked.level, known) : kindOf(asked.level)} to relay at: take one of ${known.join(", ")}`
          ]
        : []
  }
}

const levelOf = (level: LogLevel.LogLevel | string | undefined): LogLevel.LogLevel | undefined => {
  if (level === undefined) return IO
  if (typeof level !== "string") return LogLevel.allLevels.find((known) => known === level)
  if (level.toLowerCase() === "io") return IO
  return LogLevel.allLevels.find((known) => known._tag.toLowerCase() === level.toLowerCase())
}
