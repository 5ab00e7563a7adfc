/**
 * One line of a transcript. It is read by hand: a hook has no time to load a schema for it.
 */
/** What somebody has said, and when, in milliseconds since the epoch. */
export interface Said {
  readonly role: "user" | "assistant"
  readonly text: string
  readonly at: number | undefined
}

type Found = Said | "skipped" | "undecodable"

export const turnOf = (line: string | undefined): Found => {
  if (line === undefined) return "undecodable"
  if (line.trim() === "") return "skipped"
  const entry = parsed(line)
  if (entry === undefined) return "undecodable"
  const message = isObject(entry["message"]) ? entry["message"] : entry
  const role = roleOf(entry["type"]) ?? roleOf(message["role"])
  if (role === undefined || entry["isMeta"] === true || entry["isSidechain"] === true) return "skipped"
  const text = textOf(message["content"])
  return text.trim() === "" ? "skipped" : { role, text, at: timeOf(entry["timestamp"]) }
}

type Entry = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Entry =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const parsed = (line: string): Entry | undefined => {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const roleOf = (value: unknown): Said["role"] | undefined =>
  value === "user" || value === "assistant" ? value : undefined

const textOf = (content: unknown): string => {
  if (typeof content === "string") return content
  if (!Array.isArray(content)) return ""
  return content
    .flatMap((block: unknown) =>
      isObject(block) && block["type"] === "text" && typeof block["text"] === "string" ? [block["text"]] : []
    )
    .join("\n")
}

const timeOf = (value: unknown): number | undefined => {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}
