/**
 * What a list of sessions says of one, from the lines of its file. None of them is kept.
 */
import * as Block from "@tether/transcript/Block"
import { asString, type JsonObject } from "@tether/transcript/Json"
import * as Reader from "@tether/transcript/Reader"
import { cwdOf } from "./storedSession.js"

const longestTitle = 80

export class SessionDigest {
  cwd: string | undefined
  /** When its last message came. */
  changedAt: number | undefined
  turns = 0
  messages = 0
  private readonly reader = Reader.make()
  private givenTitle: string | undefined
  private madeTitle: string | undefined
  private firstPrompt: string | undefined
  private readonly own = new Set<string>()
  private readonly summaries: Array<{ readonly text: string; readonly leaf: string | undefined }> = []

  line(text: string): void {
    const entries = this.reader.line(text)
    const { last } = this.reader
    if (last !== undefined) {
      this.cwd ??= cwdOf(last)
      this.about(last)
    }
    for (const entry of entries) {
      this.changedAt = entry.at ?? this.changedAt
      if (entry._tag === "Work") continue
      this.messages++
      if (entry._tag !== "Prompt") continue
      this.turns++
      this.firstPrompt ??= titleOf(Block.textOf(entry.blocks))
    }
  }

  get malformed(): number {
    return this.reader.counts.malformed
  }

  get unknown(): number {
    return this.reader.counts.unknown
  }

  /** The one that the user gave it, or else the one that was made for it, or else what it began with. */
  get title(): string | undefined {
    // A summary is of the conversation that ends with a line: it may be that of another session.
    const summary = this.summaries.findLast(({ leaf }) => leaf !== undefined && this.own.has(leaf))
    return this.givenTitle ?? this.madeTitle ?? summary?.text ?? this.firstPrompt
  }

  private about(entry: JsonObject): void {
    const uuid = asString(entry["uuid"])
    if (uuid !== undefined) this.own.add(uuid)
    this.givenTitle = titleIn(entry, "custom-title", "customTitle") ?? this.givenTitle
    this.madeTitle = titleIn(entry, "ai-title", "aiTitle") ?? this.madeTitle
    const text = titleIn(entry, "summary", "summary")
    if (text !== undefined) this.summaries.push({ text, leaf: asString(entry["leafUuid"]) })
  }
}

const titleIn = (entry: JsonObject, type: string, key: string): string | undefined =>
  entry["type"] === type ? asString(entry[key])?.trim() || undefined : undefined

const titleOf = (text: string): string | undefined => {
  const words = text
    .slice(0, 16 * longestTitle)
    .replaceAll(/\s+/g, " ")
    .trim()
  if (words === "") return undefined
  // By characters, so that none is cut in two.
  const characters = Array.from(words)
  return characters.length > longestTitle ? `${characters.slice(0, longestTitle - 1).join("")}…` : words
}
