/**
 * Secrets out of texts. A secret of several lines is also looked for line by line, because lines are what is relayed.
 */
import * as Redacted from "effect/Redacted"

export type Redact = (text: string) => string

export interface Redactor {
  readonly redact: Redact
  /** Whether there is anything to look for: the hot path asks this before it looks. */
  readonly active: boolean
  /** The length in bytes of the longest secret: how much more than a text must be kept to redact it whole. */
  readonly longest: number
}

/** A line of a secret that is shorter is no secret by itself: a brace, a word. */
const shortestLine = 6

const replacement = "<redacted>"

const none: Redactor = { redact: (text) => text, active: false, longest: 0 }

export const make = (secrets: ReadonlyArray<string | Redacted.Redacted>): Redactor => {
  const values = new Set<string>()
  for (const secret of secrets) {
    const value = Redacted.isRedacted(secret) ? String(Redacted.value(secret)) : secret
    if (value !== "") values.add(value)
    for (const line of value.split(/\r?\n/)) if (line.trim().length >= shortestLine) values.add(line)
  }
  if (values.size === 0) return none
  // The longest first: a secret that begins with another must not leave its own end behind.
  const ordered = [...values].sort((a, b) => b.length - a.length)
  const pattern = new RegExp(ordered.map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"), "g")
  return {
    redact: (text) => text.replace(pattern, replacement),
    active: true,
    longest: Math.max(...ordered.map((value) => new TextEncoder().encode(value).length))
  }
}
