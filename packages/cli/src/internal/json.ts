/**
 * A value as a line of JSON, as every `--json` writes it. What a terminal would obey is escaped, which leaves the value
 * as it is: JSON itself lets most of it through.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Schema from "effect/Schema"

export const toJson = (value: unknown): string => TerminalText.escapeJson(JSON.stringify(value))

export const jsonOf = <A, I>(schema: Schema.Schema<A, I>): ((value: A) => string) => {
  const encode = Schema.encodeSync(schema)
  return (value) => toJson(encode(value))
}
