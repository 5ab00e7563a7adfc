/**
 * Looking into JSON of which nothing is certain.
 */

export type JsonObject = Readonly<Record<string, unknown>>

export const asObject = (value: unknown): JsonObject | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value as JsonObject : undefined

export const asArray = (value: unknown): ReadonlyArray<unknown> | undefined => Array.isArray(value) ? value : undefined

export const asString = (value: unknown): string | undefined => typeof value === "string" ? value : undefined

export const asNumber = (value: unknown): number | undefined => typeof value === "number" && Number.isFinite(value) ? value : undefined

/** A line that is a JSON object. */
export const parseObject = (line: string): JsonObject | undefined => {
  try {
    return asObject(JSON.parse(line))
  } catch {
    return undefined
  }
}
