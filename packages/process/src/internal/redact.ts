/**
 * Secrets out of texts. A secret of several lines is also looked for line by line, because lines are what is relayed.
 */
import * as Redacted from "effect/Redacted"

export interface Redactor {
  /** The text with every secret replaced, those that overlap as one. */
  readonly redact: (text: string) => string
  /** The same for what stands behind `from`: a secret that reaches over it is replaced whole. */
  readonly redactFrom: (text: string, from: number) => string
  /** The same for a text that was cut: the start of a secret at its end is replaced too. */
  readonly redactCut: (text: string) => string
  /** Whether the text ends in the start of a secret. */
  readonly endsInside: (text: string) => boolean
  /** Whether there is anything to look for: the hot path asks this before it looks. */
  readonly active: boolean
  /** The length in bytes of the longest secret: how much more than a text must be kept to redact it whole. */
  readonly longest: number
}

const replacement = "<redacted>"
/** A line of a secret that is shorter is no secret by itself: a brace, a word. */
const shortestLine = 6
/** So many characters of a secret's start tell it from other text. */
const shortestStart = 3

const none: Redactor = {
  redact: (text) => text,
  redactFrom: (text, from) => text.slice(from),
  redactCut: (text) => text,
  endsInside: () => false,
  active: false,
  longest: 0
}

export const make = (secrets: ReadonlyArray<string | Redacted.Redacted>): Redactor => {
  const values = new Set<string>()
  for (const secret of secrets) {
    const value = Redacted.isRedacted(secret) ? String(Redacted.value(secret)) : secret
    if (value !== "") values.add(value)
    for (const line of value.split(/\r?\n/)) if (line.trim().length >= shortestLine) values.add(line)
  }
  if (values.size === 0) return none

  const redactFrom = (text: string, from: number): string => {
    let shown = ""
    let at = from
    for (const [start, end] of placesOf(values, text)) {
      if (end <= from) continue
      shown += text.slice(at, Math.max(at, start)) + replacement
      at = end
    }
    return shown + text.slice(at)
  }
  const redact = (text: string): string => (contains(values, text) ? redactFrom(text, 0) : text)
  return {
    redact,
    redactFrom,
    redactCut: (text) => {
      const start = startAtEnd(values, text)
      return start === 0 ? redact(text) : redact(text.slice(0, -start)) + replacement
    },
    endsInside: (text) => startAtEnd(values, text) > 0,
    active: true,
    longest: Math.max(...[...values].map((value) => new TextEncoder().encode(value).length))
  }
}

const contains = (values: ReadonlySet<string>, text: string): boolean => {
  for (const value of values) if (text.includes(value)) return true
  return false
}

/** Where secrets stand, in order, those that touch or overlap as one. */
const placesOf = (values: ReadonlySet<string>, text: string): ReadonlyArray<readonly [number, number]> => {
  const found: Array<[number, number]> = []
  for (const value of values) {
    for (let at = text.indexOf(value); at !== -1; at = text.indexOf(value, at + 1)) found.push([at, at + value.length])
  }
  const merged: Array<[number, number]> = []
  for (const [start, end] of found.sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last !== undefined && start < last[1]) last[1] = Math.max(last[1], end)
    else merged.push([start, end])
  }
  return merged
}

/** How many characters at the end of a text are the start of a secret, and not all of it. */
const startAtEnd = (values: ReadonlySet<string>, text: string): number => {
  let longest = 0
  for (const value of values) {
    for (let length = Math.min(value.length - 1, text.length); length >= shortestStart && length > longest; length--) {
      if (text.endsWith(value.slice(0, length))) longest = length
    }
  }
  return longest
}
