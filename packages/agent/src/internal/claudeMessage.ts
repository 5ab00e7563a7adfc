/**
 * Messages as Claude Code writes them, to its output and into its session files alike.
 */
import type { Block, Message } from "../TurnEvent.js"
import { asArray, asNumber, asObject, asString, type JsonObject } from "./json.js"

/** What an entry is no part of the conversation for: it belongs to a sub-agent, or was put there by the program. */
export const isAside = (entry: JsonObject): boolean =>
  isOfSubAgent(entry) ||
  entry["isSidechain"] === true ||
  entry["isMeta"] === true ||
  entry["isCompactSummary"] === true ||
  entry["isReplay"] === true ||
  entry["isSynthetic"] === true

export const isOfSubAgent = (entry: JsonObject): boolean => (entry["parent_tool_use_id"] ?? undefined) !== undefined

export const sessionIdOf = (entry: JsonObject): string | undefined => {
  const id = asString(entry["session_id"]) ?? asString(entry["sessionId"])
  return id === "" ? undefined : id
}

const blockOf = (value: unknown): Block => {
  const block = asObject(value)
  const type = asString(block?.["type"]) ?? "unknown"
  switch (block === undefined ? undefined : type) {
    case "text":
      return { _tag: "Text", text: asString(block?.["text"]) ?? "" }
    case "thinking":
      return { _tag: "Thinking", text: asString(block?.["thinking"]) ?? "" }
    case "tool_use":
      return {
        _tag: "ToolUse",
        id: asString(block?.["id"]) ?? "",
        name: asString(block?.["name"]) ?? "",
        input: block?.["input"] ?? {}
      }
    case "tool_result":
      return {
        _tag: "ToolResult",
        toolUseId: asString(block?.["tool_use_id"]) ?? "",
        content: block?.["content"] ?? "",
        isError: block?.["is_error"] === true
      }
    default:
      return { _tag: "Other", type, value }
  }
}

/** The blocks of a message's content, which is one text or a list. Undefined where it is neither. */
export const blocksOf = (content: unknown): ReadonlyArray<Block> | undefined =>
  typeof content === "string"
    ? content === ""
      ? []
      : [{ _tag: "Text", text: content }]
    : asArray(content)?.map(blockOf)

/**
 * Messages from entries. The entries of one message of the assistant have one part each and the same id: what is given
 * is the whole of it so far, and once more when it is known to be over.
 */
export class Messages {
  /**
   * The latest ones of the assistant, by id. One may go on after the results of its first tools, where it calls several
   * at once.
   */
  private readonly latest = new Map<string, ReadonlyArray<Block>>()
  private open: string | undefined

  /** Undefined where the entry has no such message. */
  assistant(entry: JsonObject): ReadonlyArray<Message> | undefined {
    const message = asObject(entry["message"])
    const blocks = blocksOf(message?.["content"])
    if (message === undefined || blocks === undefined) return undefined
    const id = asString(message["id"])
    if (id === undefined) return [...this.close(), { _tag: "Message", role: "assistant", status: "Complete", blocks }]
    const closed = this.open === id ? [] : this.close()
    const all = [...(this.latest.get(id) ?? []), ...blocks]
    this.remember(id, all)
    this.open = id
    return [...closed, { _tag: "Message", id, role: "assistant", status: "Streaming", blocks: all }]
  }

  user(entry: JsonObject): ReadonlyArray<Message> | undefined {
    const blocks = blocksOf(asObject(entry["message"])?.["content"])
    if (blocks === undefined) return undefined
    return [
      ...this.close(),
      ...(blocks.length === 0
        ? []
        : [{ _tag: "Message" as const, role: "user" as const, status: "Complete" as const, blocks }])
    ]
  }

  /** What is open is over, because something else begins, or nothing does. */
  close(): ReadonlyArray<Message> {
    const id = this.open
    this.open = undefined
    return id === undefined
      ? []
      : [{ _tag: "Message", id, role: "assistant", status: "Complete", blocks: this.latest.get(id) ?? [] }]
  }

  private remember(id: string, blocks: ReadonlyArray<Block>): void {
    this.latest.delete(id)
    this.latest.set(id, blocks)
    for (const oldest of this.latest.keys()) {
      if (this.latest.size <= mostRemembered) break
      this.latest.delete(oldest)
    }
  }
}

/** More are not under way at once. */
const mostRemembered = 16

/** How many of a kind of token, from what the API calls usage. */
export const tokensOf = (usage: JsonObject | undefined, name: string): number => asNumber(usage?.[name]) ?? 0
