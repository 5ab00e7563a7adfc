import * as ClaudeLine from "@tether/transcript/ClaudeLine"
import { asArray, asNumber, asObject, asString, inWords, type JsonObject } from "@tether/transcript/Json"
/**
 * What the lines mean that Claude Code writes with `--output-format stream-json`.
 */
import * as AgentAdapter from "../AgentAdapter.js"
import { Messages, sessionIdOf, tokensOf } from "./claudeMessage.js"
import { SessionTotals } from "./sessionTotals.js"

type Said = AgentAdapter.Said

const notice = (kind: "malformed" | "unknown" | "agent", text: string): Said => ({ _tag: "Notice", kind, text })

const deltaKinds: ReadonlyMap<unknown, readonly ["Text" | "Thinking" | "ToolInput", string]> = new Map([
  ["text_delta", ["Text", "text"]],
  ["thinking_delta", ["Thinking", "thinking"]],
  ["input_json_delta", ["ToolInput", "partial_json"]]
] as const)

export const claudeDecoder = (
  { resumeSessionId }: Pick<AgentAdapter.Prompt, "resumeSessionId">,
  costs: SessionTotals<"costUsd">
): AgentAdapter.Decoder => {
  let goesOn = resumeSessionId !== undefined
  /** Of a session without an id, no other turn is known. */
  const nameless = new SessionTotals(["costUsd"])
  const messages = new Messages()
  /** The ids of those that have been told. */
  const results = new Set<string>()
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

  /** The total that it tells is that of the session. */
  const costOf = (entry: JsonObject): number | undefined => {
    const total = asNumber(entry["total_cost_usd"])
    if (total === undefined) return undefined
    const id = sessionIdOf(entry)
    const added = (id === undefined ? nameless : costs).added(id ?? "", goesOn, { costUsd: total })
    goesOn = true
    return added?.costUsd
  }

  /** That it works, and on which prompts: those that it names, or the one that it repeats. */
  const begun = (entry: JsonObject): ReadonlyArray<Said> => {
    const promptIds = entry["isReplay"] === true ? idsIn([entry["uuid"]]) : idsIn(entry["user_message_uuids"])
    return promptIds === undefined && entry["subtype"] !== "init" ? [] : [{ _tag: "Begun", promptIds }]
  }

  const result = (entry: JsonObject): ReadonlyArray<Said> => {
    const uuid = asString(entry["uuid"])
    // What it has used would count twice.
    if (uuid !== undefined && results.has(uuid)) return []
    if (uuid !== undefined) results.add(uuid)
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
        promptIds: ClaudeLine.isOfSubAgent(entry) ? undefined : idsIn(entry["user_message_uuids"]),
        isOwn: isOwn(entry) || ClaudeLine.isOfSubAgent(entry)
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
    switch (type) {
      // Nearly all lines are these, and each look into an entry costs.
      case "stream_event":
        return ClaudeLine.isOfSubAgent(entry) ? [] : streamEvent(asObject(entry["event"]))
      // Also one that is marked: without it the turn would have no end.
      case "result":
        return result(entry)
      case "control_request":
        return asked(entry)
      case "system":
        return [...begun(entry), ...warning(entry)]
      case "user":
        return entry["isReplay"] === true ? begun(entry) : conversation(entry)
      default:
        return conversation(entry)
    }
  }

  const conversation = (entry: JsonObject, line = ClaudeLine.read(entry)): ReadonlyArray<Said> => {
    switch (line._tag) {
      case "Answer":
      case "Prompt":
      case "Results":
        return messages.add(line)
      case "Mixed":
        return [...messages.add(line.results), ...conversation(entry, line.beside)]
      case "Malformed":
        return [notice("malformed", inWords(entry))]
      case "Unknown":
        return [notice("unknown", `a line of the type ${inWords(entry["type"])}`)]
      case "Work":
      case "Command":
      case "Printed":
      case "Aside":
        return []
    }
  }

  const bind = (id: string | undefined): ReadonlyArray<Said> => {
    if (id === undefined || id === bound) return []
    bound = id
    return [{ _tag: "SessionBound", sessionId: id }]
  }

  const said = (entry: JsonObject): ReadonlyArray<Said> => {
    const id = sessionIdOf(entry)
    if (id === undefined || id === bound || ClaudeLine.isOfSubAgent(entry)) return meaning(entry)
    if (decidesSession(entry) || (bound === undefined && isOfConversation(entry)))
      return [...bind(id), ...meaning(entry)]
    // The lines of hooks have an id of the moment where a session is resumed.
    if (resumeSessionId === undefined) candidate ??= id
    return meaning(entry)
  }

  return AgentAdapter.jsonLines(said, () => [...messages.close(), ...(bound === undefined ? bind(candidate) : [])])
}

const decidesSession = (entry: JsonObject): boolean =>
  entry["type"] === "result" || (entry["type"] === "system" && entry["subtype"] === "init")

/** No message comes before its session. */
const isOfConversation = (entry: JsonObject): boolean =>
  entry["type"] === "assistant" || entry["type"] === "user" || entry["type"] === "stream_event"

const idsIn = (value: unknown): ReadonlyArray<string> | undefined => {
  const ids = asArray(value)?.filter((id) => typeof id === "string")
  return ids === undefined || ids.length === 0 ? undefined : ids
}

/** The origin of a turn that was asked for is a person, or is not told. */
const isOwn = (entry: JsonObject): boolean => {
  const kind = asString(asObject(entry["origin"])?.["kind"])
  return kind !== undefined && kind !== "human"
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
