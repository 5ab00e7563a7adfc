/**
 * Looking into JSON of which nothing is certain.
 */

export type JsonObject = Readonly<Record<string, unknown>>

export const asObject = (value: unknown): JsonObject | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined

export const asArray = (value: unknown): ReadonlyArray<unknown> | undefined =>
  Array.isArray(value) ? value : undefined

export const asString = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)

export const asNumber = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined

/**
 * A line that is a JSON object. Most that are none are told by how they begin: to catch an exception takes a thousand
 * times as long.
 */
export const parseObject = (line: string): JsonObject | undefined => {
  const text = line.charCodeAt(0) === byteOrderMark ? line.slice(1) : line
  if (!text.trimStart().startsWith("{")) return undefined
  try {
    return asObject(JSON.parse(text))
  } catch {
    return undefined
  }
}

const byteOrderMark = 0xfeff

/** A value in words, whatever it is. */
export const inWords = (value: unknown): string => {
  if (typeof value === "string") return value
  try {
    return JSON.stringify(value) ?? "nothing"
  } catch {
    // Nested too deeply.
    return "something that cannot be shown"
  }
}
