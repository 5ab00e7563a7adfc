/**
 * What a person sees of a turn: the agent's words as they come, and a line for everything else.
 */
import type { Block, Terminal, TurnEvent, Usage } from "@tether/agent/TurnEvent"
import * as TurnEvents from "@tether/agent/TurnEvent"
import * as TerminalText from "@tether/host/TerminalText"
import { toJson } from "./json.js"
import type { Outlets } from "./outlets.js"

/** So much of what a tool is given is shown where no terminal says how wide it is. */
const usualWidth = 100

export class TurnText {
  /** Whether the words of the message that is being written have been shown already. */
  private hasShownWords = false
  private isInLine = false
  private usage: Usage | undefined

  constructor(private readonly outlets: Outlets) {}

  show(event: TurnEvent): void {
    switch (event._tag) {
      case "Delta":
        if (event.kind !== "Text") return
        this.hasShownWords = true
        return this.words(event.text)
      case "Message":
        return event.status === "Complete" ? this.message(event) : undefined
      case "Stderr":
        return this.note(event.line)
      case "Notice":
        return this.note(`${event.kind}: ${event.text}`)
      case "Usage":
        this.usage = event
        return
      default:
        return
    }
  }

  /** How it ended, what it cost, and how to go on with it. */
  end(terminal: Terminal): void {
    this.breakLine()
    const { costUsd } = this.usage ?? {}
    const cost = costUsd === undefined ? "" : `, $${costUsd.toFixed(4)}`
    const tokens = this.usage === undefined ? "" : `, ${this.usage.inputTokens + this.usage.outputTokens} tokens`
    const session = terminal.sessionId === undefined ? "" : `, session ${TerminalText.sanitize(terminal.sessionId)}`
    this.outlets.say(`${TerminalText.sanitize(TurnEvents.format(terminal))}${cost}${tokens}${session}`)
  }

  private message({
    blocks,
    role
  }: {
    readonly blocks: ReadonlyArray<Block>
    readonly role: "user" | "assistant"
  }): void {
    for (const block of blocks) {
      if (block._tag === "Text" && role === "assistant" && !this.hasShownWords) this.words(block.text)
      if (block._tag === "ToolUse") this.note(`${block.name} ${toJson(block.input)}`)
      if (block._tag === "ToolResult" && block.isError) this.note(`failed: ${textOf(block.content)}`)
    }
    if (role === "assistant") this.hasShownWords = false
    this.breakLine()
  }

  private words(text: string): void {
    if (text === "") return
    this.isInLine = !text.endsWith("\n")
    this.outlets.out.piece(
      text
        .split("\n")
        .map((line) => TerminalText.sanitize(line))
        .join("\n")
    )
  }

  private note(text: string): void {
    this.breakLine()
    const width = (this.outlets.err.width ?? usualWidth) - 3
    const line = TerminalText.sanitize(text.replace(/\s+/g, " "))
    this.outlets.err.push(`· ${line.length > width ? `${line.slice(0, width - 1)}…` : line}`)
  }

  private breakLine(): void {
    if (this.isInLine) this.outlets.out.push("")
    this.isInLine = false
  }
}

const textOf = (content: unknown): string => (typeof content === "string" ? content : toJson(content))
