/**
 * One line of Claude Code, of its output or of a session file.
 */
import { type ClaudeLine, claudeLine } from "./internal/claudeLine.js"
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
export const read = (line: JsonObject): ClaudeLine => claudeLine(line)
