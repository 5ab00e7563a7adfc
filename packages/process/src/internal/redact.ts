/**
 * Secrets out of texts. They are looked for in a text as it stands and in what a person may read it as: a sequence that
 * colours a part of a secret, or an invisible character in its middle, hides nothing. A secret of several lines is also
 * looked for line by line, because lines are what is relayed.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Redacted from "effect/Redacted"
import type { ChildOptions } from "../ChildOptions.js"
import { secretOf } from "./given.js"
import * as WordSearch from "./wordSearch.js"

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
   * The same for whole lines. Of those whose index is in `cut`, as in `LinesInfo.truncated`, the end was cut off: the
   * start of a secret there is replaced too. `look` is from a look at all of them at once (see `LineChunk`); `areRead`
   * says that they have no readings but themselves.
   */
  readonly redactLines: (
    texts: ReadonlyArray<string>,
    cut?: Cut | undefined,
    look?: { readonly run: string; readonly areRead: boolean }
  ) => ReadonlyArray<string>
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

type Cut = ReadonlyMap<number, unknown>
type Place = WordSearch.Place

const replacement = "<redacted>"
/** So often a text is looked through again that was shown without a secret. */
const mostRounds = 3
/** A line of a secret that is shorter is no secret by itself: a brace, a word. */
const shortestLine = 6
/** What sequences take of the room for the end of a secret: a tail is as long as it may be with some of them, too. */
const roomForSequences = 256

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
  const search = WordSearch.make(values)
  const encoder = new TextEncoder()
  const longest = most(values, (value) => encoder.encode(value).length)
  const newlines = most(values, (value) => value.split("\n").length - 1)

  const finds = (text: string): boolean =>
    search.isIn(text) || TerminalText.readings(text).some((reading) => search.isIn(reading.text))
  const isFound = finds(replacement)
  /** What stands behind a sequence that went with a secret is read in another way without it, and may be one then. */
  const redactParts = (parts: ReadonlyArray<string>, separator: string, rounds = mostRounds): ReadonlyArray<string> => {
    const text = parts.join(separator)
    if (rounds === 0 || !finds(text)) return parts
    const shown = replacedParts(search, parts, separator, placesIn(search, text))
    return isFound ? shown : redactParts(shown, separator, rounds - 1)
  }
  return {
    redact: (text) => redactParts([text], "")[0] ?? "",
    redactParts: (parts, separator) => redactParts(parts, separator),
    finds,
    redactLines: (texts, cut, look) => {
      const looksFor = look?.areRead === true ? search.isIn : finds
      const has = look === undefined ? finds(texts.join("\n")) : looksFor(look.run) || looksFor(texts[0] ?? "")
      const places = has ? placesIn(search, texts.join("\n")) : []
      const starts = cut === undefined ? [] : startsAtEnds(search, texts, cut, newlines)
      if (places.length + starts.length === 0) return texts
      const shown = replacedParts(search, texts, "\n", merged([...places, ...starts]))
      return isFound ? shown : redactParts(shown, "\n")
    },
    redactCut: (text) => {
      const start = startAtEnd(search, text)
      const cut: ReadonlyArray<Place> = start === undefined ? [] : [[start, text.length]]
      return replaced(search, text, merged([...placesIn(search, text), ...cut]), 0, text.length)
    },
    redactEnd: (text, skipped) => {
      // A secret without a newline has ended when its line has.
      const end = newlines === 0 ? lineStartIn(text) : text.length
      const from = Math.max(skipped, Math.min(end, afterCut(text, longest)))
      return replaced(search, text, placesIn(search, text), from, text.length)
    },
    endsInside: (text) => startAtEnd(search, text) !== undefined,
    active: true,
    reach: longest + roomForSequences
  }
}

// A spread of thousands of values is more than a call takes.
const most = (values: ReadonlyArray<string>, count: (value: string) => number): number =>
  values.reduce((so, value) => Math.max(so, count(value)), 0)

/** The options of a child by which secrets are declared. */
export type Declaring = Pick<ChildOptions, "env" | "fds" | "redact" | "stdin">

export const ofOptions = ({ env, fds, redact, stdin }: Declaring): Redactor => {
  const inputs: ReadonlyArray<unknown> = [stdin, ...Object.values(fds ?? {})]
  const texts = inputs.map((input) => (input as { readonly text?: unknown } | null | undefined)?.text)
  const hidden = [...Object.values(env ?? {}), ...texts].filter((value) => Redacted.isRedacted(value))
  return make([...(hidden as ReadonlyArray<Redacted.Redacted>), ...(redact ?? [])])
}

const valueOf = (secret: string | Redacted.Redacted): string =>
  Redacted.isRedacted(secret) ? (secretOf(secret) ?? "") : secret

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

/** Where secrets stand in a text, in order. */
const placesIn = (search: WordSearch.WordSearch, text: string): ReadonlyArray<Place> => {
  const found = search.places(text)
  for (const reading of TerminalText.readings(text)) {
    for (const [start, end] of search.places(reading.text)) found.push([reading.start(start), reading.end(end - 1)])
  }
  return merged(found)
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
const replaced = (
  search: WordSearch.WordSearch,
  text: string,
  places: ReadonlyArray<Place>,
  from: number,
  to: number,
  first = 0
): string => {
  let shown = ""
  let at = from
  for (let index = first; index < places.length; index++) {
    const [start, end] = places[index] as Place
    if (end <= at) continue
    if (start >= to) break
    shown += text.slice(at, Math.max(at, start)) + inPlaceOf(search, text.slice(Math.max(at, start), Math.min(end, to)))
    at = Math.min(end, to)
  }
  return shown + text.slice(at, to)
}

/**
 * A line for each line of it, so that lines can still be counted; and its colours, which what comes after it has too,
 * unless they have a secret of digits in them.
 */
const inPlaceOf = (search: WordSearch.WordSearch, secret: string): string =>
  secret
    .split("\n")
    .map((line) => {
      const colours = TerminalText.colours(line)
      return line === "" ? "" : search.isIn(colours) ? replacement : replacement + colours
    })
    .join("\n")

const replacedParts = (
  search: WordSearch.WordSearch,
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
    return replaced(search, text, places, from, to, next)
  })
}

/** Where, at the end of a text, the start of a secret stands that is not all there. */
const startAtEnd = (search: WordSearch.WordSearch, text: string): number | undefined => {
  const starts = [search.startAtEnd(text)]
  for (const reading of TerminalText.readings(text)) {
    const start = search.startAtEnd(reading.text)
    if (start !== undefined) starts.push(reading.start(start))
  }
  const found = starts.filter((start) => start !== undefined)
  return found.length === 0 ? undefined : Math.min(...found)
}

/** The same for lines whose ends were cut off, in the text of all of them. */
const startsAtEnds = (
  search: WordSearch.WordSearch,
  texts: ReadonlyArray<string>,
  cut: Cut,
  newlines: number
): ReadonlyArray<Place> => {
  const found: Array<Place> = []
  let end = -1
  texts.forEach((line, index) => {
    end += line.length + 1
    if (!cut.has(index)) return
    // A secret of several lines may have begun on an earlier one.
    const text = texts.slice(Math.max(0, index - newlines), index + 1).join("\n")
    const start = startAtEnd(search, text)
    if (start !== undefined) found.push([end - text.length + start, end])
  })
  return found
}

/** Where the first line begins that is whole. */
const lineStartIn = (text: string): number => {
  const end = text.indexOf("\n")
  return end === -1 || end === text.length - 1 ? text.length : end + 1
}

/**
 * Where a text whose beginning was cut off goes on after so many characters, however it is read, and whatever the cut
 * went through: what is left of a sequence looks like text.
 */
const afterCut = (text: string, characters: number): number => {
  let after = 0
  for (const begun of ["", "\x1b", "\x1b[", "\x1b]", "\x1bP"]) {
    for (const reading of TerminalText.readings(begun + text)) {
      // A string that goes on to the end: nothing of the secret comes after it.
      if (begun !== "" && reading.text === "") continue
      const isLonger = characters < reading.text.length
      after = Math.max(after, isLonger ? reading.start(characters) - begun.length : text.length)
    }
  }
  return after
}
