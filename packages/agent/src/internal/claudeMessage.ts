/**
 * Messages as Claude Code writes them, to its output and into its session files alike.
 */
import type { Block } from "@tether/transcript/Block"
import type { Answer, Prompt, Results } from "@tether/transcript/Entry"
import { asNumber, asString, type JsonObject } from "@tether/transcript/Json"
import type { Message } from "../TurnEvent.js"

export const sessionIdOf = (entry: JsonObject): string | undefined => {
  const id = asString(entry["session_id"]) ?? asString(entry["sessionId"])
  return id === "" ? undefined : id
}

interface Part {
  readonly block: Block
  /** Its number in the message, where that is told. */
  readonly place: number | undefined
}

/**
 * Messages from entries. The entries of one message of the assistant have one part each and the same id: what is given
 * is the whole of it so far, and once more when it is known to be over.
 */
export class Messages {
  /**
   * The latest ones of the assistant, by id. One may go on after the results of its first tools, where it calls several
   * at once.
   */
  private readonly latest = new Map<string, ReadonlyArray<Part>>()
  private open: string | undefined

  add(entry: Answer | Prompt | Results): ReadonlyArray<Message> {
    return entry._tag === "Answer" ? this.assistant(entry) : this.user(entry)
  }

  private assistant({ blocks, messageId: id, place }: Answer): ReadonlyArray<Message> {
    if (id === undefined) return [...this.close(), { _tag: "Message", role: "assistant", status: "Complete", blocks }]
    const closed = this.open === id ? [] : this.close()
    const before = this.latest.get(id) ?? []
    const parts = joined(
      before,
      blocks.map((block) => ({ block, place }))
    )
    this.remember(id, parts)
    this.open = id
    return [...closed, { _tag: "Message", id, role: "assistant", status: "Streaming", blocks: blocksOf(parts) }]
  }

  private user({ blocks }: Prompt | Results): ReadonlyArray<Message> {
    return [
      ...this.close(),
      ...(blocks.length === 0
        ? []
        : [{ _tag: "Message" as const, role: "user" as const, status: "Complete" as const, blocks }])
    ]
  }

  /** What is open is over, because something else begins, or nothing does. */
  close(): ReadonlyArray<Message> {
    const id = this.open
    this.open = undefined
    return id === undefined
      ? []
      : [{ _tag: "Message", id, role: "assistant", status: "Complete", blocks: blocksOf(this.latest.get(id) ?? []) }]
  }

  private remember(id: string, parts: ReadonlyArray<Part>): void {
    this.latest.delete(id)
    this.latest.set(id, parts)
    for (const oldest of this.latest.keys()) {
      if (this.latest.size <= mostRemembered) break
      this.latest.delete(oldest)
    }
  }
}

/** By their numbers, where these are told: a part that is stored once more takes the place of what it was. */
const joined = (before: ReadonlyArray<Part>, added: ReadonlyArray<Part>): ReadonlyArray<Part> => {
  const place = added[0]?.place
  if (place === undefined) return [...before, ...added]
  const others = before.filter((part) => part.place !== place)
  const next = others.findIndex((part) => part.place !== undefined && part.place > place)
  const at = next === -1 ? others.length : next
  return [...others.slice(0, at), ...added, ...others.slice(at)]
}

const blocksOf = (parts: ReadonlyArray<Part>): ReadonlyArray<Block> => parts.map(({ block }) => block)

/** More are not under way at once. */
const mostRemembered = 256

/** How many of a kind of token, from what the API calls usage. */
export const tokensOf = (usage: JsonObject | undefined, name: string): number => asNumber(usage?.[name]) ?? 0
