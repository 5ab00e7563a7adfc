/**
 * What an agent's program has stored of a session, line by line, as a conversation.
 */
import type { Answer } from "@tether/transcript/Entry"
import * as Json from "@tether/transcript/Json"
import * as Reader from "@tether/transcript/Reader"
import { Messages, sessionIdOf } from "./claudeMessage.js"
import { Conversation, type Transcript } from "./conversation.js"

/**
 * A stored conversation, and what its file tells of it. `malformed` lines are no JSON objects, or messages without
 * content, or too long; the types, the marks or the origins of `unknown` ones are not known here. Neither gives a
 * message.
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
  private readonly reader = Reader.make()
  private readonly messages = new Messages()
  private readonly conversation = new Conversation()
  private sessionId: string | undefined
  private cwd: string | undefined
  private isOver: boolean | undefined
  private changedAt: number | undefined

  line(text: string): void {
    const entries = this.reader.line(text)
    const { last } = this.reader
    if (last !== undefined) {
      this.sessionId ??= sessionIdOf(last)
      this.cwd ??= cwdOf(last)
    }
    for (const entry of entries) {
      this.changedAt = entry.at ?? this.changedAt
      switch (entry._tag) {
        case "Work":
          this.isOver = entry.isOver
          continue
        case "Answer":
          this.isOver = isLast(entry)
          break
        default:
          this.isOver = false
      }
      for (const message of this.messages.add(entry)) this.conversation.add(message)
    }
  }

  /** `fallbackTime` is for a file whose entries do not tell when they came. */
  end(fallbackTime: number | undefined): Stored {
    for (const message of this.messages.close()) this.conversation.add(message)
    const { changedAt = fallbackTime, cwd, isOver, sessionId } = this
    const { malformed, unknown } = this.reader.counts
    return { transcript: { entries: this.conversation.entries, isOver, changedAt }, sessionId, cwd, malformed, unknown }
  }
}

/** Of Claude Code, and of Codex. */
export const cwdOf = (line: Json.JsonObject): string | undefined =>
  Json.asString(line["cwd"]) ?? Json.asString(Json.asObject(line["payload"])?.["cwd"])

/** Whether a message is the last one of its turn. Some versions do not store why it stopped. */
const isLast = ({ stopReason }: Answer): boolean | undefined =>
  stopReason === undefined ? undefined : stopReason !== "tool_use" && stopReason !== "pause_turn"
