/**
 * What the lines mean that Claude Code writes with `--output-format stream-json`.
 */
import * as AgentAdapter from "../AgentAdapter.js"
import { isAside, isOfSubAgent, Messages, sessionIdOf, tokensOf } from "./claudeMessage.js"
import { asNumber, asObject, asString, inWords, type JsonObject } from "./json.js"

type Said = AgentAdapter.Said

/** They are about the program and not of the conversation. Some come in its output, some in its session files. */
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
  "content-replacement",
  "api-request",
  "api-request-blob",
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
  "control_cancel_request"
])

export const isKnownAside = (type: string): boolean => asides.has(type)

const notice = (kind: "malformed" | "unknown" | "agent", text: string): Said => ({ _tag: "Notice", kind, text })

const deltaKinds: ReadonlyMap<unknown, readonly ["Text" | "Thinking" | "ToolInput", string]> = new Map([
  ["text_delta", ["Text", "text"]],
  ["thinking_delta", ["Thinking", "thinking"]],
  ["input_json_delta", ["ToolInput", "partial_json"]]
] as const)

export const claudeDecoder = (): AgentAdapter.Decoder => {
  const messages = new Messages()
  let bound: string | undefined
  let streaming: string | undefined

  const streamEvent = (event: JsonObject | undefined): ReadonlyArray<Said> => {
    switch (event?.["type"]) {
      case "content_block_delta": {
        const delta = asObject(event["delta"])
        const kind = deltaKinds.get(delta?.["type"])
        if (kind === undefined) return []
        return [
          {
            _tag: "Delta",
            messageId: streaming,
            kind: kind[0],
            index: asNumber(event["index"]) ?? 0,
            text: asString(delta?.[kind[1]]) ?? ""
          }
        ]
      }
      case "message_start": {
        streaming = asString(asObject(event["message"])?.["id"])
        return []
      }
      case "message_stop":
        return messages.close()
      case undefined:
        return [notice("malformed", inWords({ event }))]
      default:
        return []
    }
  }

  const result = (entry: JsonObject): ReadonlyArray<Said> => {
    const usage = asObject(entry["usage"])
    const subtype = asString(entry["subtype"]) ?? "unknown"
    const isError = Boolean(entry["is_error"]) || subtype.startsWith("error")
    return [
      ...messages.close(),
      {
        _tag: "Usage",
        inputTokens: tokensOf(usage, "input_tokens"),
        outputTokens: tokensOf(usage, "output_tokens"),
        cacheReadTokens: tokensOf(usage, "cache_read_input_tokens"),
        cacheWriteTokens: tokensOf(usage, "cache_creation_input_tokens"),
        costUsd: asNumber(entry["total_cost_usd"])
      },
      {
        _tag: "Ended",
        result: {
          // What the model server refused is a success in its words.
          subtype: isError && subtype === "success" ? "api_error" : subtype,
          isError,
          text: textOf(entry),
          turns: asNumber(entry["num_turns"])
        }
      }
    ]
  }

  const asked = (entry: JsonObject): ReadonlyArray<Said> => {
    const request = asObject(entry["request"])
    const requestId = asString(entry["request_id"])
    if (requestId === undefined) return [notice("malformed", inWords(entry))]
    if (request?.["subtype"] !== "can_use_tool")
      return [notice("unknown", `a request of the kind ${inWords(request?.["subtype"])}`)]
    return [
      { _tag: "PermissionAsked", requestId, tool: asString(request["tool_name"]) ?? "", input: request["input"] ?? {} }
    ]
  }

  const meaning = (entry: JsonObject): ReadonlyArray<Said> => {
    const type = entry["type"]
    if (typeof type !== "string") return [notice("malformed", inWords(entry))]
    // Nearly all lines are these, and each look into an entry costs.
    if (type === "stream_event") return isOfSubAgent(entry) ? [] : streamEvent(asObject(entry["event"]))
    // Also one that is marked: without it the turn would have no end.
    if (type === "result") return result(entry)
    if (isAside(entry)) return []
    switch (type) {
      case "assistant":
        return messages.assistant(entry) ?? [notice("malformed", inWords(entry))]
      case "user":
        return messages.user(entry) ?? [notice("malformed", inWords(entry))]
      case "control_request":
        return asked(entry)
      case "system":
        return warning(entry)
      default:
        return isKnownAside(type) ? [] : [notice("unknown", `a line of the type ${type}`)]
    }
  }

  const said = (entry: JsonObject): ReadonlyArray<Said> => {
    const id = sessionIdOf(entry)
    if (id === undefined || id === bound) return meaning(entry)
    bound = id
    return [{ _tag: "SessionBound", sessionId: id }, ...meaning(entry)]
  }

  return AgentAdapter.jsonLines(said, () => messages.close())
}

const textOf = (entry: JsonObject): string | undefined => {
  const errors = entry["errors"]
  if (entry["result"] !== undefined && entry["result"] !== null) return inWords(entry["result"])
  return Array.isArray(errors) ? errors.map(inWords).join("\n") : undefined
}

/** A person who waits wants to know that the model server has failed, and is asked again. */
const warning = (entry: JsonObject): ReadonlyArray<Said> =>
  entry["subtype"] === "api_retry" || entry["subtype"] === "api_error"
    ? [notice("agent", `${inWords(entry["subtype"])}: ${inWords(entry["error"] ?? entry["error_status"] ?? null)}`)]
    : []
