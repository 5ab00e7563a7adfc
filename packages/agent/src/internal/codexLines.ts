import { asNumber, asObject, asString, inWords, type JsonObject } from "@tether/transcript/Json"
/**
 * What the lines mean that `codex exec --json` writes.
 */
import * as AgentAdapter from "../AgentAdapter.js"
import type { Block, Message, Usage } from "../TurnEvent.js"
import { tokensOf } from "./claudeMessage.js"
import type { SessionTotals } from "./sessionTotals.js"

type Said = AgentAdapter.Said

const notice = (kind: "malformed" | "unknown" | "agent", text: string): Said => ({ _tag: "Notice", kind, text })

const asides = new Set(["turn.started"])

type Tokens = Omit<Usage, "_tag" | "costUsd">

export const codexDecoder = (
  { resumeSessionId, turnId }: Pick<AgentAdapter.Prompt, "resumeSessionId" | "turnId">,
  totals: SessionTotals<keyof Tokens>
): AgentAdapter.Decoder => {
  let thread = resumeSessionId
  let goesOn = resumeSessionId !== undefined
  let answer: string | undefined
  const begun = new Set<string>()
  let nameless = 0
  /** An item without an id is one of its own. */
  const idOf = (item: JsonObject): string => asString(item["id"]) ?? `without-id-${++nameless}`

  // Its items are counted from 0 in every turn: the turn makes them unique.
  const message = (
    id: string,
    role: "user" | "assistant",
    status: Message["status"],
    ...blocks: ReadonlyArray<Block>
  ): Message => ({
    _tag: "Message",
    id: `${turnId}/${id}${role === "user" ? "/result" : ""}`,
    role,
    status,
    blocks
  })

  /** A tool is called when its item comes for the first time, and has its result when it is completed. */
  const tool = (item: JsonObject, type: string, isOver: boolean): ReadonlyArray<Said> => {
    const id = idOf(item)
    const { aggregated_output, exit_code, id: _, result, status, type: __, error, ...input } = item
    const call = message(id, "assistant", "Complete", { _tag: "ToolUse", id, name: type, input })
    const isNew = !begun.has(id)
    begun.add(id)
    if (!isOver) return isNew ? [call] : []
    const isError = status === "failed" || (asNumber(exit_code) ?? 0) !== 0 || (error ?? undefined) !== undefined
    const content = aggregated_output ?? result ?? error ?? ""
    return [
      ...(isNew ? [call] : []),
      message(id, "user", "Complete", { _tag: "ToolResult", toolUseId: id, content, isError })
    ]
  }

  const itemSaid = (item: JsonObject, phase: "started" | "updated" | "completed"): ReadonlyArray<Said> => {
    const isOver = phase === "completed"
    const status = isOver ? "Complete" : "Streaming"
    const text = asString(item["text"]) ?? ""
    switch (item["type"]) {
      case "agent_message":
        if (isOver) answer = text
        return [message(idOf(item), "assistant", status, { _tag: "Text", text })]
      case "reasoning":
        return [message(idOf(item), "assistant", status, { _tag: "Thinking", text })]
      case "error":
        return [notice("agent", asString(item["message"]) ?? inWords(item))]
      case "command_execution":
      case "file_change":
      case "mcp_tool_call":
      case "collab_tool_call":
      case "web_search":
      case "todo_list":
        return tool(item, item["type"], isOver)
      default:
        return isOver ? [notice("unknown", `an item of the type ${inWords(item["type"])}`)] : []
    }
  }

  const ended = (subtype: string, text: string | undefined): Said => ({
    _tag: "Ended",
    result: { subtype, isError: subtype !== "success", text }
  })

  const used = (usage: JsonObject | undefined): ReadonlyArray<Said> => {
    if (usage === undefined) return []
    const total = totalIn(usage)
    // Without a thread there is nothing that it could be the total of but this turn.
    const own = thread === undefined ? total : totals.added(thread, goesOn, total)
    goesOn = true
    return [
      own === undefined
        ? notice(
            "agent",
            `what this turn has used is not known: the thread has used ${total.inputTokens + total.cacheReadTokens} tokens of input and ${total.outputTokens} of output so far`
          )
        : { _tag: "Usage", ...own }
    ]
  }

  const said = (line: JsonObject): ReadonlyArray<Said> => {
    const type = line["type"]
    if (typeof type !== "string") return [notice("malformed", inWords(line))]
    switch (type) {
      case "thread.started": {
        const sessionId = asString(line["thread_id"])
        thread = sessionId ?? thread
        return sessionId === undefined ? [notice("malformed", inWords(line))] : [{ _tag: "SessionBound", sessionId }]
      }
      case "item.started":
      case "item.updated":
      case "item.completed": {
        const item = asObject(line["item"])
        const phase = type.slice(5) as "started" | "updated" | "completed"
        return item === undefined ? [notice("malformed", inWords(line))] : itemSaid(item, phase)
      }
      case "turn.completed":
        return [...used(asObject(line["usage"])), ended("success", answer)]
      case "turn.failed":
        return [ended("turn_failed", asString(asObject(line["error"])?.["message"]))]
      case "error":
        return [notice("agent", asString(line["message"]) ?? inWords(line))]
      default:
        return asides.has(type) ? [] : [notice("unknown", `a line of the type ${type}`)]
    }
  }
  return AgentAdapter.jsonLines(said)
}

/** It counts what came from the cache as input too. */
const totalIn = (usage: JsonObject | undefined): Tokens => {
  const cached = tokensOf(usage, "cached_input_tokens")
  return {
    inputTokens: Math.max(0, tokensOf(usage, "input_tokens") - cached),
    outputTokens: tokensOf(usage, "output_tokens"),
    cacheReadTokens: cached,
    cacheWriteTokens: tokensOf(usage, "cache_write_input_tokens")
  }
}
