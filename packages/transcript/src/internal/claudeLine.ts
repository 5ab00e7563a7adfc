/**
 * One line of Claude Code, of its output or of a session file: what was said by it, and by whom. Only what is known to
 * be said is: a type, a mark or an origin that is not known leaves a line out.
 */
import * as Block from "../Block.js"
import type { Entry, Prompt, Results } from "../Entry.js"
import { asNumber, asObject, asString, type JsonObject } from "../Json.js"
import { readText } from "./programText.js"

/**
 * What a line says: an entry; a command of the user's of which the line does not tell whether it is for the agent; the
 * results of tools with something beside them; or nothing, and why. `Printed` is what a command for the program alone
 * has shown. An `Unknown` line has a type, a mark or an origin that is not known here: it is left out, as nobody
 * may have said it.
 *
 * @example
 * ```ts
 * import type { ClaudeLine } from "@tether/transcript/ClaudeLine"
 *
 * const isSaid = ({ _tag }: ClaudeLine) => _tag === "Prompt" || _tag === "Answer"
 * ```
 */
export type ClaudeLine =
  | Entry
  | { readonly _tag: "Command"; readonly entry: Prompt }
  | { readonly _tag: "Mixed"; readonly results: Results; readonly beside: ClaudeLine }
  | { readonly _tag: "Printed" }
  | { readonly _tag: "Aside" | "Unknown" | "Malformed" }

const aside = { _tag: "Aside" } as const
const unknown = { _tag: "Unknown" } as const
const malformed = { _tag: "Malformed" } as const
const printed = { _tag: "Printed" } as const

/** Types of lines that are no messages. */
const asides = new Set([
  "system",
  "permission-mode",
  "mode",
  "custom-title",
  "ai-title",
  "agent-name",
  "agent-color",
  "agent-setting",
  "pr-link",
  "progress",
  "queue-operation",
  "attachment",
  "summary",
  "last-prompt",
  "tag",
  "file-history-snapshot",
  "file-history-delta",
  "attribution-snapshot",
  "bridge-session",
  "continued-in",
  "derived-from",
  "frame-link",
  "history-suppression",
  "isolation-latch",
  "memory-mode",
  "relocated",
  "session-owner",
  "worktree-state",
  "content-replacement",
  "api-request",
  "api-request-blob",
  "api-request-resumed",
  "api-request-shape",
  "atis-latch",
  "cost-state",
  "tools-used",
  "rate_limit_event",
  "tool_progress",
  "tool_use_summary",
  "auth_status",
  "prompt_suggestion",
  "keep_alive",
  "control_response",
  "control_cancel_request",
  "command_lifecycle"
])

const isKnownAside = (type: string): boolean => asides.has(type)

export const isOfSubAgent = (entry: JsonObject): boolean => (entry["parent_tool_use_id"] ?? undefined) !== undefined

/** Marks of what belongs to a sub-agent, or was put there by the program. */
const isAside = (entry: JsonObject): boolean =>
  isOfSubAgent(entry) ||
  entry["isSidechain"] === true ||
  entry["isMeta"] === true ||
  entry["isCompactSummary"] === true ||
  entry["isVisibleInTranscriptOnly"] === true ||
  entry["isReplay"] === true ||
  entry["isSynthetic"] === true ||
  entry["turnCompanion"] === true

/** The model was not asked, or could not be: the program answers in its place. */
const isSyntheticAnswer = (entry: JsonObject): boolean =>
  entry["isApiErrorMessage"] === true || asObject(entry["message"])?.["model"] === "<synthetic>"

export const timeOf = (entry: JsonObject): number | undefined => {
  const timestamp = asString(entry["timestamp"])
  // Live lines have none, and come by the thousand.
  if (timestamp === undefined) return undefined
  const time = Date.parse(timestamp)
  return Number.isNaN(time) ? undefined : time
}

export const claudeLine = (entry: JsonObject): ClaudeLine => {
  const type = entry["type"]
  if (typeof type !== "string") return malformed
  if (type === "attachment") return queuedPrompt(entry)
  if (type !== "user" && type !== "assistant") return isKnownAside(type) ? aside : unknown
  if (isAside(entry) || asString(entry["agentId"]) !== undefined) return aside
  const message = asObject(entry["message"])
  const blocks = Block.ofContent(message?.["content"])
  if (message === undefined || blocks === undefined) return malformed
  const role = message["role"]
  if (role !== undefined && role !== type) return unknown
  return type === "user" ? ofUser(entry, blocks) : ofAssistant(entry, message, blocks)
}

const identityOf = (entry: JsonObject): string | undefined => asString(entry["uuid"])

const ofAssistant = (entry: JsonObject, message: JsonObject, blocks: ReadonlyArray<Block.Block>): ClaudeLine => {
  const at = timeOf(entry)
  if (isSyntheticAnswer(entry)) return { _tag: "Work", isOver: true, identity: undefined, at }
  // Of the model itself, it is a list in all that has been recorded.
  if (typeof message["content"] === "string" && ("model" in message || "id" in message)) return malformed
  const madeBy = entry["madeBy"]
  if (madeBy !== undefined && madeBy !== "model") return unknown
  const messageId = asString(message["id"])
  return {
    _tag: "Answer",
    blocks,
    identity: messageId ?? identityOf(entry),
    answers: undefined,
    at,
    messageId,
    place: asNumber(entry["apiBlockIndex"]),
    stopReason: asString(message["stop_reason"])
  }
}

const ofUser = (entry: JsonObject, blocks: ReadonlyArray<Block.Block>): ClaudeLine => {
  const { at, identity } = whoseOf(entry)
  if (blocks.some(({ _tag }) => _tag === "ToolResult")) {
    const feedback = asString(entry["userFeedback"])
    // What a person types who refuses a tool stands in its result, and here.
    if (feedback !== undefined && feedback.trim() !== "") {
      const said: Prompt = { _tag: "Prompt", blocks: [{ _tag: "Text", text: feedback }], identity, at }
      const results = blocks.filter(({ _tag }) => _tag !== "Text")
      return { _tag: "Mixed", results: { _tag: "Results", blocks: results, identity, at }, beside: said }
    }
    const texts = blocks.filter(({ _tag }) => _tag === "Text")
    if (texts.length === 0) return { _tag: "Results", blocks, identity, at }
    const results: Results = { _tag: "Results", blocks: blocks.filter(({ _tag }) => _tag !== "Text"), identity, at }
    return { _tag: "Mixed", results, beside: spoken(entry, texts, { at, identity }) }
  }
  // As the stored lines have it, and the live ones.
  if (["toolUseResult", "tool_use_result", "sourceToolAssistantUUID"].some((mark) => mark in entry)) return unknown
  return spoken(entry, blocks, { at, identity })
}

type Whose = Pick<Prompt, "at" | "identity">

const whoseOf = (entry: JsonObject): Whose => ({ at: timeOf(entry), identity: identityOf(entry) })

/** What the user says, or the program in the user's name. */
const spoken = (entry: JsonObject, blocks: ReadonlyArray<Block.Block>, whose: Whose): ClaudeLine => {
  const { at, identity } = whose
  const origin = asString(asObject(entry["origin"])?.["kind"])
  if (origin !== undefined && origin !== "human") return { _tag: "Work", isOver: false, identity, at }
  const byUser = isByUser(entry)
  const read = blocks.map((block) => (block._tag === "Text" ? readText(block.text, byUser === true) : undefined))
  const said = blocks.flatMap((block, index): ReadonlyArray<Block.Block> => {
    const text = read[index]
    if (block._tag !== "Text" || text === undefined) return [block]
    // Where there was nothing but what stands beside it, nothing was said.
    return text._tag === "Said" && text.text.trim() !== "" ? [{ _tag: "Text", text: text.text }] : []
  })
  const first = read.find((each) => each !== undefined && !(each._tag === "Said" && each.text.trim() === ""))
  switch (first?._tag) {
    case "Interrupted":
      return said.length > 0 && byUser !== false
        ? { _tag: "Prompt", blocks: said, ...whose }
        : { _tag: "Work", isOver: true, identity: undefined, at }
    case "Notified":
      return { _tag: "Work", isOver: false, identity, at }
    case "Output":
      return first.of === "command" ? printed : aside
    case "Command": {
      const command: Prompt = { _tag: "Prompt", blocks: [{ _tag: "Text", text: first.text }], ...whose }
      return byUser === true ? command : { _tag: "Command", entry: command }
    }
    case "Element":
      return unknown
    default: {
      if (byUser === false) return unknown
      return said.length === 0 ? aside : { _tag: "Prompt", blocks: said, ...whose }
    }
  }
}

const sources = new Set(["typed", "queued", "sdk"])

/**
 * Whether a person, or who runs the program, has said it. From 2.1.332 on each line tells where it is from, and one
 * that has neither an origin nor a source is the program's. Older ones tell nothing.
 */
const isByUser = (entry: JsonObject): boolean | undefined => {
  if (asString(asObject(entry["origin"])?.["kind"]) === "human") return true
  const source = asString(entry["promptSource"])
  if (source !== undefined) return sources.has(source)
  return "rowSource" in entry || "turnPosition" in entry || "turnOrigin" in entry ? false : undefined
}

/** A prompt that came while the agent was at work, and was given to it within that turn. */
const queuedPrompt = (entry: JsonObject): ClaudeLine => {
  const attachment = asObject(entry["attachment"])
  if (attachment?.["type"] !== "queued_command") return aside
  if ([entry, attachment].some((each) => isAside(each) || asString(each["agentId"]) !== undefined)) return aside
  const mode = attachment["commandMode"]
  if (mode !== "prompt") return queuedAsides.has(mode) ? aside : unknown
  const blocks = Block.ofContent(attachment["prompt"])
  if (blocks === undefined) return malformed
  const line = spoken(attachment, blocks, whoseOf(entry))
  return line._tag === "Prompt" || line._tag === "Unknown" ? line : aside
}

/** What is queued and is no prompt: a shell command runs by itself, and a notification is the program's. */
const queuedAsides = new Set<unknown>(["bash", "task-notification", "orphaned-permission"])
