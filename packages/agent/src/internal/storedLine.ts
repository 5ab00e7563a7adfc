/**
 * One line of a session file of Claude Code.
 */
import { isKnownAside } from "./claudeLines.js"
import { isAside } from "./claudeMessage.js"
import { asString, type JsonObject, parseObject } from "./json.js"

/** A message of the conversation, something that is none of it, or something that is not known here. */
export interface StoredLine {
  readonly kind: "user" | "assistant" | "aside" | "unknown"
  readonly entry: JsonObject
}

export const storedLine = (line: string): StoredLine | "empty" | "malformed" => {
  if (line.trim() === "") return "empty"
  const entry = parseObject(line)
  const type = asString(entry?.["type"])
  return entry === undefined || type === undefined ? "malformed" : { kind: kindOf(type, entry), entry }
}

const kindOf = (type: string, entry: JsonObject): StoredLine["kind"] => {
  if (isAside(entry)) return "aside"
  if (type === "user" || type === "assistant") return type
  return isKnownAside(type) ? "aside" : "unknown"
}

export const timeOf = (entry: JsonObject): number | undefined => {
  const time = Date.parse(asString(entry["timestamp"]) ?? "")
  return Number.isNaN(time) ? undefined : time
}
