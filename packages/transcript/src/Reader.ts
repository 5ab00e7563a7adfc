import type { ClaudeLine } from "./ClaudeLine.js"
/**
 * Reads what an agent's program has stored of a session, line by line.
 */
import type { Entry, Prompt } from "./Entry.js"
import { claudeLine } from "./internal/claudeLine.js"
import { codexLine, isRollout } from "./internal/codexLine.js"
import { type JsonObject, parseObject } from "./Json.js"

/**
 * What the lines so far were that say nothing of the conversation. `malformed` ones are no JSON objects, or messages
 * without content. The types, the marks or the origins of `unknown` ones are not known here: they are left out, as
 * nobody may have said them. `repeated` ones have come before.
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
 * - `isHolding`: whether a command of the user's is held back until the next lines tell whether it was for the agent.
 *   It is given with the answer to it, as it was typed (`/greet Ada`, `!ls`), and otherwise left out.
 * - `release`: gives such a command, where something else than the transcript tells that it was for the agent.
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
  private held: Prompt | undefined
  private readonly known = new Set<string>()

  constructor(public answering: string | undefined) {}

  get isHolding(): boolean {
    return this.held !== undefined
  }

  readonly line = (text: string | undefined): ReadonlyArray<Entry> => {
    this.last = undefined
    if (text === undefined) return this.left("malformed")
    if (text.trim() === "") return this.left("asides")
    const entry = parseObject(text)
    if (entry === undefined) return this.left("malformed")
    this.last = entry
    return this.take(isRollout(entry) ? codexLine(entry) : claudeLine(entry), entry)
  }

  private take(line: ClaudeLine, entry: JsonObject): ReadonlyArray<Entry> {
    switch (line._tag) {
      case "Aside":
        return this.left("asides")
      case "Unknown":
        return this.left("unknown")
      case "Malformed":
        return this.left("malformed")
    }
    if (this.isRepeated(entry)) return this.left("repeated")
    switch (line._tag) {
      case "Command":
        this.held = line.entry
        return nothing
      case "Answer":
        return [...this.release(), { ...line, answers: this.answering }]
      case "Results":
        return [line]
      default:
        this.held = undefined
        this.answering = line.identity ?? this.answering
        return [line]
    }
  }

  readonly release = (): ReadonlyArray<Entry> => {
    const { held } = this
    if (held === undefined) return nothing
    this.held = undefined
    this.answering = held.identity
    return [held]
  }

  private left(why: keyof Counts): ReadonlyArray<Entry> {
    this.counts[why]++
    return nothing
  }

  private isRepeated({ uuid }: JsonObject): boolean {
    if (typeof uuid !== "string") return false
    if (this.known.has(uuid)) return true
    this.known.add(uuid)
    return false
  }
}
