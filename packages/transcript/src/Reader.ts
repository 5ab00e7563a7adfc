/**
 * Reads what an agent's program has stored of a session, line by line.
 */
import * as Block from "./Block.js"
import type { ClaudeLine } from "./ClaudeLine.js"
import type { Entry, Prompt } from "./Entry.js"
import { claudeLine } from "./internal/claudeLine.js"
import { beginsSubAgent, codexLine, isRollout, itemIdOf } from "./internal/codexLine.js"
import { type JsonObject, parseObject } from "./Json.js"

/**
 * What the lines so far were that say nothing of the conversation. `malformed` ones are no JSON objects, or messages
 * without content. The types, the marks or the origins of `unknown` ones are not known here: they are left out, as
 * nobody may have said them; or a part of one is, and it has no words. `repeated` ones have come before.
 *
 * @example
 * ```ts
 * import type { Counts } from "@tether/transcript/Reader"
 *
 * const isUnderstood = ({ malformed, unknown }: Counts) => malformed + unknown === 0
 * ```
 */
export interface Counts {
  readonly asides: number
  readonly malformed: number
  readonly unknown: number
  readonly repeated: number
}

/**
 * A transcript that is being read, of Claude Code or of Codex: which of them, each line tells.
 *
 * - `line`: what one more line says. `undefined` is a line that is too long to be read.
 * - `answering`: the identity of what the agent answers, as entries have it in `answers`.
 * - `isHolding`: whether commands of the user's are held back until the next lines tell whether they were for the
 *   agent. They are given with the answer to them, as they were typed (`/greet Ada`, `!ls`), and otherwise left out.
 * - `release`: gives such commands, where something else than the transcript tells that they were for the agent.
 * - `last`: the object in the last line, if it was one.
 *
 * @example
 * ```ts
 * import * as Reader from "@tether/transcript/Reader"
 *
 * const entriesOf = (lines: ReadonlyArray<string>) => {
 *   const reader = Reader.make()
 *   return lines.flatMap((line) => [...reader.line(line)])
 * }
 * ```
 */
export interface Reader {
  readonly line: (text: string | undefined) => ReadonlyArray<Entry>
  readonly answering: string | undefined
  readonly isHolding: boolean
  readonly release: () => ReadonlyArray<Entry>
  readonly last: JsonObject | undefined
  readonly counts: Counts
}

/**
 * A reader at the beginning of a transcript, or where another one has ended, which was `answering` something. Its
 * memory grows by the ids of what was said, and by nothing else.
 *
 * History that a program stores once more has the ids that it had, and is read once.
 *
 * @example
 * ```ts
 * import * as Reader from "@tether/transcript/Reader"
 *
 * const reader = Reader.make()
 * const said = reader.line(`{"type":"user","message":{"role":"user","content":"hello"}}`)
 * ```
 */
export const make = (answering?: string): Reader => new LineReader(answering)

const nothing: ReadonlyArray<Entry> = []

class LineReader implements Reader {
  readonly counts = { asides: 0, malformed: 0, unknown: 0, repeated: 0 }
  last: JsonObject | undefined
  private held: ReadonlyArray<Prompt> = []
  private readonly known = new Set<string>()
  private isOfSubAgent = false

  constructor(public answering: string | undefined) {}

  get isHolding(): boolean {
    return this.held.length > 0
  }

  readonly line = (text: string | undefined): ReadonlyArray<Entry> => {
    this.last = undefined
    if (text === undefined) return this.left("malformed")
    if (text.trim() === "") return this.left("asides")
    const entry = parseObject(text)
    if (entry === undefined) return this.left("malformed")
    this.last = entry
    if (!isRollout(entry)) return this.take(claudeLine(entry), entry)
    this.isOfSubAgent ||= beginsSubAgent(entry)
    return this.isOfSubAgent ? this.left("asides") : this.take(codexLine(entry), entry)
  }

  private take(line: ClaudeLine, entry: JsonObject): ReadonlyArray<Entry> {
    if (isSaid(line) && this.isRepeated(entry)) {
      // What is new behind it answers what was stored last, as it does for who reads on from there.
      if (line._tag === "Prompt" || line._tag === "Work") this.answering = line.identity ?? this.answering
      return this.left("repeated")
    }
    return this.give(line)
  }

  private give(line: ClaudeLine): ReadonlyArray<Entry> {
    switch (line._tag) {
      case "Aside":
        return this.left("asides")
      case "Unknown":
        return this.left("unknown")
      case "Malformed":
        return this.left("malformed")
      case "Printed":
        // A slash command that prints was for the program. Shell commands print, and the agent answers them.
        this.held = this.held.filter(({ blocks }) => !Block.textOf(blocks).startsWith("/"))
        return this.left("asides")
      case "Command":
        this.held = [...this.held, line.entry]
        return nothing
      case "Mixed":
        return [line.results, ...this.give(line.beside)]
      case "Answer":
        this.look(line.blocks)
        return [...this.release(), { ...line, answers: this.answering }]
      case "Results":
        return [line]
      case "Work": {
        // It was at work on them: it was interrupted, or the model server has refused them.
        const held = line.isOver && this.hasWorked() ? this.release() : nothing
        this.held = []
        this.answering = line.identity ?? this.answering
        return [...held, line]
      }
      case "Prompt":
        this.look(line.blocks)
        this.held = []
        this.answering = line.identity ?? this.answering
        return [line]
    }
  }

  readonly release = (): ReadonlyArray<Entry> => {
    const { held } = this
    this.held = []
    this.answering = held.at(-1)?.identity ?? this.answering
    return held
  }

  /** The last line tells of an end of work, and is not the program's "No response requested.". */
  private hasWorked(): boolean {
    return this.last?.["type"] !== "assistant" || this.last["isApiErrorMessage"] === true
  }

  private look(blocks: ReadonlyArray<Block.Block>): void {
    if (!blocks.every(Block.isKnown)) this.counts.unknown++
  }

  private left(why: keyof Counts): ReadonlyArray<Entry> {
    this.counts[why]++
    return nothing
  }

  private isRepeated(entry: JsonObject): boolean {
    const id = typeof entry["uuid"] === "string" ? entry["uuid"] : itemIdOf(entry)
    if (id === undefined) return false
    if (this.known.has(id)) return true
    this.known.add(id)
    return false
  }
}

const isSaid = ({ _tag }: ClaudeLine): boolean => !["Aside", "Unknown", "Malformed", "Printed"].includes(_tag)
