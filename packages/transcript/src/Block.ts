/**
 * The parts of a message.
 */
import { asArray, asObject, asString } from "./Json.js"

/**
 * A part of a message: words, thinking, the call of a tool, its result, or something of another type, as it is.
 *
 * @example
 * ```ts
 * import type { Block } from "@tether/transcript/Block"
 *
 * const words: Block = { _tag: "Text", text: "hello" }
 * ```
 */
export type Block =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Thinking"; readonly text: string }
  | { readonly _tag: "ToolUse"; readonly id: string; readonly name: string; readonly input: unknown }
  | {
      readonly _tag: "ToolResult"
      readonly toolUseId: string
      readonly content: unknown
      readonly isError: boolean
    }
  | { readonly _tag: "Other"; readonly type: string; readonly value: unknown }

/**
 * The blocks of a message's content, which is one text or a list. Undefined where it is neither.
 *
 * @example
 * ```ts
 * import * as Block from "@tether/transcript/Block"
 *
 * const blocks = Block.ofContent([{ type: "text", text: "hello" }])
 * ```
 */
export const ofContent = (content: unknown): ReadonlyArray<Block> | undefined =>
  typeof content === "string"
    ? content === ""
      ? []
      : [{ _tag: "Text", text: content }]
    : asArray(content)?.map(blockOf)

/**
 * The words of blocks, one text below the other.
 *
 * @example
 * ```ts
 * import * as Block from "@tether/transcript/Block"
 *
 * const text = Block.textOf([{ _tag: "Text", text: "hello" }])
 * ```
 */
export const textOf = (blocks: ReadonlyArray<Block>): string =>
  blocks.flatMap((block) => (block._tag === "Text" ? [block.text] : [])).join("\n")

/**
 * Whether the type of a block is known here. Of one that is not, nobody can say whether it has words.
 *
 * @example
 * ```ts
 * import * as Block from "@tether/transcript/Block"
 *
 * Block.isKnown({ _tag: "Other", type: "image", value: {} }) // true
 * ```
 */
export const isKnown = (block: Block): boolean => block._tag !== "Other" || withoutWords.has(block.type)

const withoutWords = new Set([
  "code_execution_tool_result",
  "container_upload",
  "document",
  "image",
  "input_image",
  "local_image",
  "mention",
  "mcp_tool_result",
  "mcp_tool_use",
  "redacted_thinking",
  "search_result",
  "server_tool_use",
  "skill",
  "tool_reference",
  "web_fetch_tool_result",
  "web_search_tool_result"
])

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
