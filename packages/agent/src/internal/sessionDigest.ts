/**
 * What a list of sessions says of one, from the lines of its file. None of them is kept.
 */
import type { Block } from "../TurnEvent.js"
import { blocksOf } from "./claudeMessage.js"
import { asObject, asString, type JsonObject } from "./json.js"
import { isProgramNote } from "./programNote.js"
import { storedLine, timeOf } from "./storedLine.js"

const longestTitle = 80

export class SessionDigest {
  cwd: string | undefined
  /** When its last message came. */
  changedAt: number | undefined
  turns = 0
  messages = 0
  malformed = 0
  private givenTitle: string | undefined
  private madeTitle: string | undefined
  private firstPrompt: string | undefined

  line(text: string): void {
    const line = storedLine(text)
    if (line === "malformed") this.malformed++
    if (typeof line === "string") return
    this.cwd ??= asString(line.entry["cwd"])
    if (line.kind === "user" || line.kind === "assistant") this.message(line.kind, line.entry)
    else this.about(line.entry)
  }

  /** The one that the user gave it, or else the one that was made for it, or else what it began with. */
  get title(): string | undefined {
    return this.givenTitle ?? this.madeTitle ?? this.firstPrompt
  }

  private message(role: "user" | "assistant", entry: JsonObject): void {
    const blocks = blocksOf(asObject(entry["message"])?.["content"])
    if (blocks === undefined) {
      this.malformed++
      return
    }
    this.messages++
    this.changedAt = timeOf(entry) ?? this.changedAt
    if (role === "assistant" || !isPrompt(blocks)) return
    this.turns++
    this.firstPrompt ??= titleOf(blocks)
  }

  private about(entry: JsonObject): void {
    this.givenTitle = titleIn(entry, "custom-title", "customTitle") ?? this.givenTitle
    this.madeTitle = titleIn(entry, "ai-title", "aiTitle") ?? titleIn(entry, "summary", "summary") ?? this.madeTitle
  }
}

/** A turn begins where the user says something. The results of tools are said in the user's name too. */
const isPrompt = (blocks: ReadonlyArray<Block>): boolean =>
  blocks.some(({ _tag }) => _tag !== "ToolResult") && !isProgramNote(blocks)

const titleIn = (entry: JsonObject, type: string, key: string): string | undefined =>
  entry["type"] === type ? asString(entry[key])?.trim() || undefined : undefined

const titleOf = (blocks: ReadonlyArray<Block>): string | undefined => {
  const text = blocks.flatMap((block) => (block._tag === "Text" ? [block.text] : [])).join(" ")
  const words = text
    .slice(0, 16 * longestTitle)
    .replaceAll(/\s+/g, " ")
    .trim()
  if (words === "") return undefined
  // By characters, so that none is cut in two.
  const characters = Array.from(words)
  return characters.length > longestTitle ? `${characters.slice(0, longestTitle - 1).join("")}…` : words
}
