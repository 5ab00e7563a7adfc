/**
 * A value as a line of JSON, as every `--json` writes it. What a terminal would obey is escaped, which leaves the value
 * as it is: JSON itself lets most of it through.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Schema from "effect/Schema"

export const toJson = (value: unknown): string => TerminalText.escapeJson(stringify(value))

/** `JSON.parse` takes a value of any depth, and `JSON.stringify` runs out of stack on it. */
const stringify = (value: unknown): string => {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (error instanceof RangeError) return JSON.stringify(withoutDepths(value, deepest))
    throw error
  }
}

const deepest = 100

/** Copies a value down to a depth; a short text replaces each deeper object or array. */
const withoutDepths = (value: unknown, depth: number): unknown => {
  if (typeof value !== "object" || value === null) return value
  if (depth === 0) return "(nested too deeply)"
  if (Array.isArray(value)) return value.map((each) => withoutDepths(each, depth - 1))
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutDepths(each, depth - 1)]))
}

export const jsonOf = <A, I>(schema: Schema.Schema<A, I>): ((value: A) => string) => {
  const encode = Schema.encodeSync(schema)
  return (value) => toJson(encode(value))
}
