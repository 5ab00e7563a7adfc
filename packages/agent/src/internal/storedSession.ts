/**
 * A session file of Claude Code, line by line, as a conversation.
 */
import { blocksOf, Messages, sessionIdOf } from "./claudeMessage.js"
import { Conversation, type Transcript } from "./conversation.js"
import { asObject, asString, type JsonObject } from "./json.js"
import { isProgramNote } from "./programNote.js"
import { type StoredLine, storedLine, timeOf } from "./storedLine.js"

/**
 * A stored conversation, and what its file tells of it. `malformed` lines are no JSON objects, or messages without
 * content, or too long; the types of `unknown` ones are not known here. Neither gives a message.
 *
 * @example
 * ```ts
 * import type { Stored } from "@tether/agent/Transcript"
 *
 * const isWhole = (stored: Stored) => stored.malformed === 0
 * ```
 */
export interface Stored {
  readonly transcript: Transcript
  readonly sessionId: string | undefined
  readonly cwd: string | undefined
  readonly malformed: number
  readonly unknown: number
}

export class StoredSession {
  private readonly messages = new Messages()
  private readonly conversation = new Conversation()
  private sessionId: string | undefined
  private cwd: string | undefined
  private isOver: boolean | undefined
  private changedAt: number | undefined
  private malformed = 0
  private unknown = 0

  line(text: string): void {
    const line = storedLine(text)
    if (line === "malformed") this.malformed++
    if (typeof line === "string") return
    this.sessionId ??= sessionIdOf(line.entry)
    this.cwd ??= asString(line.entry["cwd"])
    if (line.kind === "unknown") this.unknown++
    else if (line.kind !== "aside") this.message(line.kind, line.entry)
  }

  /** `fallbackTime` is for a file whose entries do not tell when they came. */
  end(fallbackTime: number | undefined): Stored {
    for (const message of this.messages.close()) this.conversation.add(message)
    const { changedAt = fallbackTime, cwd, isOver, malformed, sessionId, unknown } = this
    return { transcript: { entries: this.conversation.entries, isOver, changedAt }, sessionId, cwd, malformed, unknown }
  }

  private message(role: "user" | "assistant", entry: JsonObject): void {
    const messages = this.messages[role](entry)
    if (messages === undefined) {
      this.malformed++
      return
    }
    for (const message of messages) this.conversation.add(message)
    this.changedAt = timeOf(entry) ?? this.changedAt
    this.isOver = isLast(role, asObject(entry["message"]))
  }
}

/** Whether a message is the last one of its turn. Some versions do not store why it stopped. */
const isLast = (role: StoredLine["kind"], message: JsonObject | undefined): boolean | undefined => {
  if (role === "user") return isProgramNote(blocksOf(message?.["content"]) ?? [])
  const reason = asString(message?.["stop_reason"])
  return reason === undefined ? undefined : reason !== "tool_use" && reason !== "pause_turn"
}
