import * as Block from "@tether/transcript/Block"
/**
 * A conversation as it grows: one rule for what comes live and for what was stored.
 */
import { isTerminal, type Message, type TurnEvent } from "../TurnEvent.js"

/**
 * One message of a conversation, with all its parts so far. One that is still `"Streaming"` after the turn was never
 * finished.
 *
 * @example
 * ```ts
 * import type { Entry } from "@tether/agent/Transcript"
 *
 * const textOf = ({ blocks }: Entry) => blocks.flatMap((block) => block._tag === "Text" ? [block.text] : []).join("\n")
 * ```
 */
export interface Entry {
  readonly id: string | undefined
  readonly role: Message["role"]
  readonly status: Message["status"]
  readonly blocks: Message["blocks"]
}

/**
 * A conversation, in its order.
 *
 * - `isOver`: whether its last turn has ended. Undefined where nothing tells: in one that is empty, or in a stored one
 *   whose last message does not say why it stopped.
 * - `changedAt`: when its last message came, in milliseconds since the epoch. Only stored ones know; one that is live
 *   changes now.
 *
 * @example
 * ```ts
 * import type { Transcript } from "@tether/agent/Transcript"
 *
 * const answer = ({ entries }: Transcript) => entries.findLast(({ role }) => role === "assistant")
 * ```
 */
export interface Transcript {
  readonly entries: ReadonlyArray<Entry>
  readonly isOver: boolean | undefined
  readonly changedAt: number | undefined
}

export class Conversation {
  readonly entries: Array<Entry>
  private readonly places = new Map<string, number>()
  private isOver: boolean | undefined
  private changedAt: number | undefined

  constructor(before?: Transcript) {
    this.entries = [...(before?.entries ?? [])]
    this.isOver = before?.isOver
    this.changedAt = before?.changedAt
    for (const [place, { id }] of this.entries.entries()) if (id !== undefined) this.places.set(id, place)
  }

  add(event: TurnEvent): void {
    if (event._tag === "Message") this.put(event)
    else if (isTerminal(event)) this.now(true)
  }

  ask(prompt: string): void {
    const blocks = Block.ofContent(prompt) ?? []
    if (blocks.length > 0) this.put({ _tag: "Message", role: "user", status: "Complete", blocks })
  }

  get transcript(): Transcript {
    return { entries: this.entries, isOver: this.isOver, changedAt: this.changedAt }
  }

  private put({ blocks, id, role, status }: Message): void {
    // One that has come before has its place, even where others have come since.
    const place = (id === undefined ? undefined : this.places.get(id)) ?? this.entries.length
    this.entries[place] = { id, role, status, blocks }
    if (id !== undefined) this.places.set(id, place)
    this.now(false)
  }

  private now(isOver: boolean): void {
    this.isOver = isOver
    this.changedAt = undefined
  }
}
