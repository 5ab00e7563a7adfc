/**
 * Reads values of unchecked JSON.
 */

/**
 * An object of JSON.
 *
 * @example
 * ```ts
 * import type { JsonObject } from "@tether/transcript/Json"
 *
 * const typeOf = (line: JsonObject) => line["type"]
 * ```
 */
export type JsonObject = Readonly<Record<string, unknown>>

/**
 * The value if it is an object, and no list.
 *
 * @example
 * ```ts
 * import * as Json from "@tether/transcript/Json"
 *
 * const message = Json.asObject({ role: "user" })
 * ```
 */
export const asObject = (value: unknown): JsonObject | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined

/**
 * The value if it is a list.
 *
 * @example
 * ```ts
 * import * as Json from "@tether/transcript/Json"
 *
 * const blocks = Json.asArray([{ type: "text" }])
 * ```
 */
export const asArray = (value: unknown): ReadonlyArray<unknown> | undefined =>
  Array.isArray(value) ? value : undefined

/**
 * The value if it is a string.
 *
 * @example
 * ```ts
 * import * as Json from "@tether/transcript/Json"
 *
 * const none = Json.asString(7)
 * ```
 */
export const asString = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)

/**
 * The value if it is a number that is finite.
 *
 * @example
 * ```ts
 * import * as Json from "@tether/transcript/Json"
 *
 * const tokens = Json.asNumber(7)
 * ```
 */
export const asNumber = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined

/**
 * A line that is a JSON object, with or without a byte order mark. Undefined for any other line.
 *
 * @example
 * ```ts
 * import * as Json from "@tether/transcript/Json"
 *
 * const entry = Json.parseObject(`{"type":"user"}`)
 * ```
 */
export const parseObject = (line: string): JsonObject | undefined => {
  const text = line.charCodeAt(0) === byteOrderMark ? line.slice(1) : line
  // Most lines that are none are told by how they begin: to catch an exception takes a thousand times as long. Nearly
  // all others begin with the brace itself, and need no copy without blanks.
  if (text.charCodeAt(0) !== openingBrace && !text.trimStart().startsWith("{")) return undefined
  try {
    return asObject(JSON.parse(text))
  } catch {
    return undefined
  }
}

const byteOrderMark = 0xfeff
const openingBrace = 0x7b

/**
 * A value in words, whatever it is.
 *
 * @example
 * ```ts
 * import * as Json from "@tether/transcript/Json"
 *
 * const words = Json.inWords({ type: "user" })
 * ```
 */
export const inWords = (value: unknown): string => {
  if (typeof value === "string") return value
  try {
    return JSON.stringify(value) ?? "nothing"
  } catch {
    // Nested too deeply.
    return "something that cannot be shown"
  }
}
