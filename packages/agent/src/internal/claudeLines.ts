/**
 * What the lines mean that Claude Code writes with `--output-format stream-json`.
 */
import * as AgentAdapter from "../AgentAdapter.js"
import { isAside, isOfSubAgent, Messages, sessionIdOf, tokensOf } from "./claudeMessage.js"
import { asArray, asNumber, asObject, asString, inWords, type JsonObject } from "./json.js"

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
  let candidate: string | undefined
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

  /** That it works, and on which prompts: those that it names, or the one that it repeats. */
  const begun = (entry: JsonObject): ReadonlyArray<Said> => {
    const promptIds = entry["isReplay"] === true ? idsIn([entry["uuid"]]) : idsIn(entry["user_message_uuids"])
    return promptIds === undefined && entry["subtype"] !== "init" ? [] : [{ _tag: "Begun", promptIds }]
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
        costUsd: costOf(entry)
      },
      {
        _tag: "Ended",
        result: {
          // What the model server refused is a success in its words.
          subtype: isError && subtype === "success" ? "api_error" : subtype,
          isError,
          text: textOf(entry),
          turns: asNumber(entry["num_turns"])
        },
        promptIds: idsIn(entry["user_message_uuids"]),
        isOwn: isOwn(entry)
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
    if (type === "user" && entry["isReplay"] === true) return begun(entry)
    if (isAside(entry)) return []
    switch (type) {
      case "assistant":
        return messages.assistant(entry) ?? [notice("malformed", inWords(entry))]
      case "user":
        return messages.user(entry) ?? [notice("malformed", inWords(entry))]
      case "control_request":
        return asked(entry)
      case "system":
        return [...begun(entry), ...warning(entry)]
      default:
        return isKnownAside(type) ? [] : [notice("unknown", `a line of the type ${type}`)]
    }
  }

  const bind = (id: string | undefined): ReadonlyArray<Said> => {
    if (id === undefined || id === bound) return []
    bound = id
    return [{ _tag: "SessionBound", sessionId: id }]
  }

  const said = (entry: JsonObject): ReadonlyArray<Said> => {
    const id = sessionIdOf(entry)
    if (id === undefined || id === bound) return meaning(entry)
    if (tellsSession(entry)) return [...bind(id), ...meaning(entry)]
    candidate ??= id
    return meaning(entry)
  }

  return AgentAdapter.jsonLines(said, () => [...messages.close(), ...(bound === undefined ? bind(candidate) : [])])
}

/** The lines of hooks, which run at the start of a resumed session, have an id of the moment. */
const tellsSession = (entry: JsonObject): boolean => entry["type"] !== "system" || entry["subtype"] === "init"

const idsIn = (value: unknown): ReadonlyArray<string> | undefined => {
  const ids = asArray(value)?.filter((id) => typeof id === "string")
  return ids === undefined || ids.length === 0 ? undefined : ids
}

/** The origin of a turn that was asked for is a person, or is not told. */
const isOwn = (entry: JsonObject): boolean => {
  const kind = asString(asObject(entry["origin"])?.["kind"])
  return kind !== undefined && kind !== "human"
}

/** What the process has cost. The total is that of the session, with what earlier processes have cost. */
const costOf = (entry: JsonObject): number | undefined => {
  const costs = Object.values(asObject(entry["modelUsage"]) ?? {}).map((model) =>
    asNumber(asObject(model)?.["costUSD"])
  )
  const isWhole = costs.length > 0 && costs.every((cost) => cost !== undefined)
  return isWhole ? costs.reduce((sum, cost) => sum + cost, 0) : asNumber(entry["total_cost_usd"])
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
