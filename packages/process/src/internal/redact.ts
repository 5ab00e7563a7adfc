/**
 * Secrets out of texts. They are looked for in a text as it stands and in what a person may read it as: a sequence that
 * colours a part of a secret, or an invisible character in its middle, hides nothing. A secret of several lines is also
 * looked for line by line, because lines are what is relayed.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Redacted from "effect/Redacted"
import type { ChildOptions } from "../ChildOptions.js"

export interface Redactor {
  /** The text with every secret replaced, those that overlap as one. A newline in a secret stays. */
  readonly redact: (text: string) => string
  /**
   * The same for a text in parts, such as lines or arguments: a secret may reach over `separator` into the next one.
   */
  readonly redactParts: (parts: ReadonlyArray<string>, separator: string) => ReadonlyArray<string>
  /** Whether there is a secret in the text. */
  readonly finds: (text: string) => boolean
  /**
   * `redactParts` for whole lines, from a look at all of them at once (see `LineChunk`). `areRead` says that they have
   * no readings but themselves.
   */
  readonly redactLines: (texts: ReadonlyArray<string>, run: string, areRead: boolean) => ReadonlyArray<string>
  /** `redact` for a text that was cut at its end: the start of a secret there is replaced too. */
  readonly redactCut: (text: string) => string
  /**
   * `redact` for the end of a text that was cut at its start: without the first `skipped` characters, which are those
   * of `reach` bytes, and without what may still be the end of a secret after them.
   */
  readonly redactEnd: (text: string, skipped: number) => string
  /** Whether the text ends in the start of a secret. */
  readonly endsInside: (text: string) => boolean
  /** Whether there is anything to look for: the hot path asks this before it looks. */
  readonly active: boolean
  /** How many bytes more than what is shown must be kept of a text to redact its end. */
  readonly reach: number
}

const replacement = "<redacted>"
/** A line of a secret that is shorter is no secret by itself: a brace, a word. */
const shortestLine = 6
/** So many characters of a secret's start tell it from other text. */
const shortestStart = 3
/** Room for a sequence that was cut and reads as text. */
const longestRest = 256

const none: Redactor = {
  redact: (text) => text,
  redactParts: (parts) => parts,
  finds: () => false,
  redactLines: (texts) => texts,
  redactCut: (text) => text,
  redactEnd: (text, skipped) => text.slice(skipped),
  endsInside: () => false,
  active: false,
  reach: 0
}

export const make = (secrets: ReadonlyArray<string | Redacted.Redacted>): Redactor => {
  const values = valuesOf(secrets.map(valueOf))
  if (values.length === 0) return none
  const longest = Math.max(...values.map((value) => new TextEncoder().encode(value).length))

  const finds = (text: string): boolean =>
    contains(values, text) || TerminalText.readings(text).some((reading) => contains(values, reading.text))
  return {
    redact: (text) => (finds(text) ? replaced(text, placesIn(values, text), 0, text.length) : text),
    redactParts: (parts, separator) => {
      const text = parts.join(separator)
      return finds(text) ? replacedParts(parts, separator, placesIn(values, text)) : parts
    },
    finds,
    redactLines: (texts, run, areRead) => {
      const first = texts[0] ?? ""
      const has = areRead ? contains(values, run) || contains(values, first) : finds(run) || finds(first)
      return has ? replacedParts(texts, "\n", placesIn(values, texts.join("\n"))) : texts
    },
    redactCut: (text) => {
      const start = startAtEnd(values, text)
      const cut: ReadonlyArray<Place> = start === undefined ? [] : [[start, text.length]]
      return replaced(text, merged([...placesIn(values, text), ...cut]), 0, text.length)
    },
    redactEnd: (text, skipped) => {
      const from = Math.max(skipped, Math.min(lineStartIn(text), afterReading(text, longest + longestRest)))
      return replaced(text, placesIn(values, text), from, text.length)
    },
    endsInside: (text) => startAtEnd(values, text) !== undefined,
    active: true,
    reach: longest + longestRest
  }
}

/** The options of a child by which secrets are declared. */
export type Declaring = Pick<ChildOptions, "env" | "fds" | "redact" | "stdin">

export const ofOptions = ({ env, fds, redact, stdin }: Declaring): Redactor => {
  const inputs: ReadonlyArray<unknown> = [stdin, ...Object.values(fds ?? {})]
  const texts = inputs.map((input) => (input as { readonly text?: unknown } | null | undefined)?.text)
  const hidden = [...Object.values(env ?? {}), ...texts].filter((value) => Redacted.isRedacted(value))
  return make([...(hidden as ReadonlyArray<Redacted.Redacted>), ...(redact ?? [])])
}

const valueOf = (secret: string | Redacted.Redacted): string =>
  Redacted.isRedacted(secret) ? String(Redacted.value(secret)) : secret

/**
 * All that is looked for. Of a secret that has invisible characters itself, also what is left without them; and one
 * with a quote also as it stands in the line of a shell.
 */
const valuesOf = (secrets: ReadonlyArray<string>): ReadonlyArray<string> => {
  const values = new Set<string>()
  for (const secret of secrets) {
    if (secret !== "") values.add(secret)
    const lines = secret.split(/\r?\n/).filter((line) => line.trim() !== "")
    for (const line of lines) {
      const word = line.trim()
      // Of a single line, the newline at its end is not what is secret.
      if (lines.length > 1 && word.length < shortestLine) continue
      values.add(line)
      values.add(word)
    }
  }
  return [...new Set([...values].flatMap(formsOf))]
}

const formsOf = (value: string): ReadonlyArray<string> => [
  value,
  ...TerminalText.readings(value).flatMap(({ text }) => (text.trim().length >= shortestLine ? [text] : [])),
  ...(value.includes("'") ? [value.replaceAll("'", `'\\''`)] : [])
]

const contains = (values: ReadonlyArray<string>, text: string): boolean => {
  for (const value of values) if (text.includes(value)) return true
  return false
}

type Place = readonly [start: number, end: number]

/** Where secrets stand in a text, in order. */
const placesIn = (values: ReadonlyArray<string>, text: string): ReadonlyArray<Place> => {
  const found = occurrences(values, text)
  for (const reading of TerminalText.readings(text)) {
    for (const [start, end] of occurrences(values, reading.text)) {
      found.push([reading.start(start), reading.end(end - 1)])
    }
  }
  return merged(found)
}

const occurrences = (values: ReadonlyArray<string>, text: string): Array<Place> => {
  const found: Array<Place> = []
  for (const value of values) {
    for (let at = text.indexOf(value); at !== -1; at = text.indexOf(value, at + 1)) found.push([at, at + value.length])
  }
  return found
}

/** In order, those that overlap as one. */
const merged = (places: ReadonlyArray<Place>): ReadonlyArray<Place> => {
  const result: Array<[number, number]> = []
  for (const [start, end] of [...places].sort((a, b) => a[0] - b[0])) {
    const last = result.at(-1)
    if (last !== undefined && start < last[1]) last[1] = Math.max(last[1], end)
    else result.push([start, end])
  }
  return result
}

/** The part of a text between two indexes. `first` is a place before which there is none in it. */
const replaced = (text: string, places: ReadonlyArray<Place>, from: number, to: number, first = 0): string => {
  let shown = ""
  let at = from
  for (let index = first; index < places.length; index++) {
    const [start, end] = places[index] as Place
    if (end <= at) continue
    if (start >= to) break
    shown += text.slice(at, Math.max(at, start)) + inPlaceOf(text.slice(Math.max(at, start), Math.min(end, to)))
    at = Math.min(end, to)
  }
  return shown + text.slice(at, to)
}

/**
 * A line for each line of it, so that lines can still be counted; and its colours, which what comes after it has too.
 */
const inPlaceOf = (secret: string): string =>
  secret
    .split("\n")
    .map((line) => (line === "" ? "" : replacement + TerminalText.colours(line)))
    .join("\n")

const replacedParts = (
  parts: ReadonlyArray<string>,
  separator: string,
  places: ReadonlyArray<Place>
): ReadonlyArray<string> => {
  const text = parts.join(separator)
  let start = 0
  let next = 0
  return parts.map((part) => {
    const from = start
    const to = from + part.length
    start = to + separator.length
    while (next < places.length && (places[next] as Place)[1] <= from) next++
    return replaced(text, places, from, to, next)
  })
}

/** Where, at the end of a text, the start of a secret stands that is not all there. */
const startAtEnd = (values: ReadonlyArray<string>, text: string): number | undefined => {
  const asItIs = { text, start: (index: number) => index }
  const starts = [asItIs, ...TerminalText.readings(text)].flatMap((reading) => {
    const length = startLength(values, reading.text)
    return length === 0 ? [] : [reading.start(reading.text.length - length)]
  })
  return starts.length === 0 ? undefined : Math.min(...starts)
}

const startLength = (values: ReadonlyArray<string>, text: string): number => {
  let longest = 0
  for (const value of values) {
    for (let length = Math.min(value.length - 1, text.length); length >= shortestStart && length > longest; length--) {
      if (text.endsWith(value.slice(0, length))) longest = length
    }
  }
  return longest
}

/** Where the first line begins that is whole. */
const lineStartIn = (text: string): number => {
  const end = text.indexOf("\n")
  return end === -1 || end === text.length - 1 ? text.length : end + 1
}

/** Where a text with sequences goes on after so many characters that are read. */
const afterReading = (text: string, characters: number): number => {
  const [reading] = TerminalText.readings(text)
  if (reading === undefined) return 0
  return characters < reading.text.length ? reading.start(characters) : text.length
}
