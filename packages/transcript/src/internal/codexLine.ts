/**
 * One line of a rollout, the file in which Codex keeps a thread. What was said is in its events; the items of the
 * requests to the model have it as well, among instructions and surroundings that nobody has said.
 */
import type { Block } from "../Block.js"
import type { Entry } from "../Entry.js"
import { asArray, asObject, asString, type JsonObject } from "../Json.js"
import { timeOf } from "./claudeLine.js"

const types = new Set([
  "session_meta",
  "event_msg",
  "response_item",
  "turn_context",
  "world_state",
  "compacted",
  "token_usage_record"
])

/** Whether a line is one of a rollout, and not of a session of Claude Code. */
export const isRollout = (entry: JsonObject): boolean =>
  "payload" in entry && typeof entry["type"] === "string" && types.has(entry["type"])

/** Whether a rollout is that of a sub-agent, such as of `/review`: its header says whose it is. */
export const beginsSubAgent = (entry: JsonObject): boolean => {
  const header = entry["type"] === "session_meta" ? asObject(entry["payload"]) : undefined
  return header?.["thread_source"] === "subagent" || asObject(header?.["source"])?.["subagent"] !== undefined
}

export type CodexLine = Entry | { readonly _tag: "Aside" | "Unknown" | "Malformed" }

const aside = { _tag: "Aside" } as const
const unknown = { _tag: "Unknown" } as const
const malformed = { _tag: "Malformed" } as const

/** Events without words of the conversation, beside all that tell of progress. */
const asides = new Set([
  "agent_reasoning",
  "agent_reasoning_raw_content",
  "agent_reasoning_section_break",
  "background_event",
  "context_compacted",
  "deprecation_notice",
  "entered_review_mode",
  "error",
  "exited_review_mode",
  "raw_response_item",
  "stream_error",
  "session_configured",
  "thread_rolled_back",
  "thread_settings_applied",
  "token_count",
  "turn_diff",
  "view_image_tool_call",
  "warning"
])
const progress = /_(?:begin|end|delta|started|completed?|updated?|request|response)$/

const itemAsides = new Set([
  "CollabAgentToolCall",
  "CollabToolCall",
  "CommandExecution",
  "ContextCompaction",
  "DynamicToolCall",
  "EnteredReviewMode",
  "ExitedReviewMode",
  "FileChange",
  "HookPrompt",
  "ImageGeneration",
  "ImageView",
  "McpToolCall",
  "Plan",
  "Reasoning",
  "TodoList",
  "WebSearch"
])

const isKnown = (type: unknown): boolean => typeof type === "string" && (asides.has(type) || progress.test(type))

/** What tells one item from all others of its thread. */
export const itemIdOf = (entry: JsonObject): string | undefined => {
  const payload = asObject(entry["payload"])
  const id = asString(asObject(payload?.["item"])?.["id"])
  return id === undefined ? undefined : `${asString(payload?.["turn_id"]) ?? ""}/${id}`
}

export const codexLine = (entry: JsonObject): CodexLine => {
  const payload = asObject(entry["payload"])
  if (payload === undefined) return malformed
  if (entry["type"] !== "event_msg") return aside
  const at = timeOf(entry)
  switch (payload["type"]) {
    case "item_completed":
      return ofItem(asObject(payload["item"]), at)
    // So it was before 0.17.
    case "user_message":
      return prompt(textBlock(payload["message"]), undefined, at)
    case "agent_message":
      return answer(textBlock(payload["message"]), undefined, at)
    case "task_started":
      return { _tag: "Work", isOver: false, identity: asString(payload["turn_id"]), at }
    case "task_complete":
    case "turn_aborted":
      return { _tag: "Work", isOver: true, identity: undefined, at }
    default:
      return isKnown(payload["type"]) ? aside : unknown
  }
}

const ofItem = (item: JsonObject | undefined, at: number | undefined): CodexLine => {
  if (item === undefined) return malformed
  const id = asString(item["id"])
  switch (item["type"]) {
    case "UserMessage":
      return prompt(textsIn(item["content"]), id, at)
    case "AgentMessage":
      return answer(textsIn(item["content"]), id, at)
    default:
      return itemAsides.has(asString(item["type"]) ?? "") ? aside : unknown
  }
}

const prompt = (blocks: ReadonlyArray<Block> | undefined, id: string | undefined, at: number | undefined): CodexLine =>
  blocks === undefined ? malformed : { _tag: "Prompt", blocks, identity: id, at }

const answer = (blocks: ReadonlyArray<Block> | undefined, id: string | undefined, at: number | undefined): CodexLine =>
  blocks === undefined
    ? malformed
    : {
        _tag: "Answer",
        blocks,
        identity: id,
        answers: undefined,
        at,
        messageId: id,
        place: undefined,
        stopReason: undefined
      }

const textBlock = (value: unknown): ReadonlyArray<Block> | undefined => {
  const text = asString(value)
  return text === undefined ? undefined : [{ _tag: "Text", text }]
}

const textsIn = (content: unknown): ReadonlyArray<Block> | undefined =>
  asArray(content)?.map((value): Block => {
    const part = asObject(value)
    const type = asString(part?.["type"]) ?? "unknown"
    const text = type.toLowerCase() === "text" ? asString(part?.["text"]) : undefined
    return text === undefined ? { _tag: "Other", type, value } : { _tag: "Text", text }
  })
