/**
 * One line of Claude Code, of its output or of a session file.
 */
import type { ClaudeLine } from "./internal/claudeLine.js"
import * as internal from "./internal/claudeLine.js"
import type { JsonObject } from "./Json.js"

export type { ClaudeLine } from "./internal/claudeLine.js"

/**
 * Reads a line. One rule serves what is live and what is stored.
 *
 * @example
 * ```ts
 * import * as ClaudeLine from "@tether/transcript/ClaudeLine"
 *
 * const said = ClaudeLine.read({ type: "user", message: { role: "user", content: "say hi" } })
 * ```
 */
export const read = (line: JsonObject): ClaudeLine => internal.claudeLine(line)

/**
 * Whether a line of the live output belongs to a sub-agent.
 *
 * @example
 * ```ts
 * import * as ClaudeLine from "@tether/transcript/ClaudeLine"
 *
 * const yes = ClaudeLine.isOfSubAgent({ type: "assistant", parent_tool_use_id: "toolu_1" })
 * ```
 */
export const isOfSubAgent = (line: JsonObject): boolean => internal.isOfSubAgent(line)
