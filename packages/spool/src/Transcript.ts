/**
 * What was said in an agent's session, from the transcript that its command-line program keeps.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as Block from "@tether/transcript/Block"
import type { Entry } from "@tether/transcript/Entry"
import * as Reader from "@tether/transcript/Reader"
import * as Effect from "effect/Effect"
import { makeLines } from "./internal/lines.js"

/**
 * What somebody has said. `number` counts the turns of the session from 1; `identity` tells it from the others of its
 * session, wherever it stands, if its program gives ids: for an answer, it is that of what is answered; `at` is the
 * turn's own time, in milliseconds since the epoch, if it has one.
 *
 * @example
 * ```ts
 * import type { Turn } from "@tether/spool/Transcript"
 *
 * const line = ({ role, text }: Turn) => `${role}: ${text}`
 * ```
 */
export interface Turn {
  readonly number: number
  readonly role: "user" | "assistant"
  readonly text: string
  readonly identity: string | undefined
  readonly at: number | undefined
}

/**
 * The newest turns of what was read, and counts of the rest: turns that were `dropped` before them, lines that were
 * `skipped` because they contain no speech, lines of an `unknown` kind, and lines that are `undecodable`. `end` is the
 * offset at which reading continues: behind the last whole line, or before a command of the user if the lines so far do
 * not show whether it was meant for the agent.
 *
 * @example
 * ```ts
 * import type { Excerpt } from "@tether/spool/Transcript"
 *
 * const isAll = ({ dropped }: Excerpt) => dropped === 0
 * ```
 */
export interface Excerpt {
  readonly turns: ReadonlyArray<Turn>
  readonly dropped: number
  readonly skipped: number
  readonly unknown: number
  readonly undecodable: number
  readonly end: number
  readonly lastNumber: number
  readonly answering: string | undefined
}

/**
 * - `maxTurns`: how many of the newest are kept. Default 200.
 * - `from`, `lastNumber`, `answering`: where an earlier reading has ended, with which turn, and what was being
 *   answered.
 * - `lastAnswer`: the agent's last words, as its program tells them elsewhere. Where they are not written yet, they are
 *   the last turn.
 * - `maxBytes`: after so many no more is begun: it ends with the line that is there then. Default: all of it.
 * - `isOpen`: whether it is still being written: then a last line without newline is left for later. Default false.
 *
 * @example
 * ```ts
 * import type { Options } from "@tether/spool/Transcript"
 *
 * const last: Options = { maxTurns: 1 }
 * ```
 */
export interface Options {
  readonly maxTurns?: number | undefined
  readonly from?: number | undefined
  readonly lastNumber?: number | undefined
  readonly answering?: string | undefined
  readonly lastAnswer?: string | undefined
  readonly maxBytes?: number | undefined
  readonly isOpen?: boolean | undefined
}

/** A line may be so long, in bytes: a longer one counts as undecodable. */
const maxLineBytes = 64 * 1024 * 1024

/**
 * Reads a transcript, in memory that does not grow with it, up to the size that it had when it was opened.
 *
 * A turn is what the user or the agent has said: the text of one line, or its text blocks joined by newlines. What is
 * said, `Reader` of `@tether/transcript` tells: of sessions of Claude Code and of rollouts of Codex.
 *
 * @example
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as Transcript from "@tether/spool/Transcript"
 * import * as Effect from "effect/Effect"
 *
 * const last = Transcript.read("/home/dev/.agent/session.jsonl", { maxTurns: 1 }).pipe(
 *   Effect.map(({ turns }) => turns[0]?.text),
 *   Effect.provide(NodeFileSystem.layer)
 * )
 * ```
 */
export const read = (
  path: string,
  {
    answering,
    from = 0,
    isOpen = false,
    lastAnswer,
    lastNumber = 0,
    maxBytes = Number.POSITIVE_INFINITY,
    maxTurns = 200
  }: Options = {}
): Effect.Effect<Excerpt, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    // A pipe would never end, and opening one already waits for a writer.
    const info = yield* fs.stat(path)
    if (info.type !== "File")
      return yield* Effect.fail(FileAttempt.refused("read the transcript", path, "Invalid", "it is no regular file"))
    const file = yield* fs.open(path, { flag: "r" })
    // One that is written to faster than we read would never end.
    const lines = yield* makeLines(file, from, maxLineBytes, Number((yield* file.stat).size))
    const kept = new Newest<Turn>(maxTurns)
    const reader = Reader.make(answering)
    let number = lastNumber
    let end = from
    /** Where the command begins that is held back. */
    let held: number | undefined
    let last: Omit<Turn, "number"> | undefined
    let wordless = 0
    /** The texts of what the agent has said last, in answer to one thing. */
    let lastTexts: ReadonlyArray<string> = []
    const add = (entry: Entry) => {
      const turn = turnOf(entry)
      if (turn === undefined) {
        wordless++
        return
      }
      const texts = entry._tag === "Answer" ? textsOf(entry) : []
      lastTexts = last?.role === turn.role && last.identity === turn.identity ? [...lastTexts, ...texts] : texts
      last = turn
      kept.add({ number: ++number, ...turn })
    }
    for (
      let some = yield* lines.next;
      some !== undefined;
      some = end - from < maxBytes ? yield* lines.next : undefined
    ) {
      for (const line of some) {
        if (isOpen && !line.isWhole) break
        end = line.end
        const entries = reader.line(line.text)
        held = reader.isHolding ? (held ?? line.start) : undefined
        for (const entry of entries) add(entry)
      }
    }
    const isWritten = last?.role === "assistant" && last.identity === reader.answering && endIn(lastTexts, lastAnswer)
    if (lastAnswer !== undefined && lastAnswer.trim() !== "" && !isOfProgram(lastAnswer) && !isWritten) {
      for (const entry of reader.release()) add(entry)
      held = undefined
      // Without ids, it may have been read before where nothing is new. It has the number that it will have.
      const isKnownPlace = reader.answering !== undefined || last?.role === "user"
      if (isKnownPlace)
        kept.add({
          number: number + 1,
          role: "assistant",
          text: lastAnswer,
          identity: reader.answering,
          at: undefined
        })
    }
    const { asides, malformed, repeated, unknown } = reader.counts
    return {
      turns: kept.all,
      dropped: kept.dropped,
      skipped: asides + repeated + wordless,
      unknown,
      undecodable: malformed,
      // What is held back is not held for ever.
      end: isOpen && held !== undefined && end - from < maxBytes ? held : end,
      lastNumber: number,
      answering: reader.answering
    }
  }).pipe(
    Effect.scoped,
    Effect.catchIf(
      (error) => error._tag !== "FileError",
      (error) => FileAttempt.attempt("read the transcript", path)(Effect.fail(error))
    )
  )

const turnOf = (entry: Entry): Omit<Turn, "number"> | undefined => {
  if (entry._tag !== "Prompt" && entry._tag !== "Answer") return undefined
  const text = Block.textOf(entry.blocks)
  if (text.trim() === "") return undefined
  return entry._tag === "Prompt"
    ? { role: "user", text, identity: entry.identity, at: entry.at }
    : { role: "assistant", text, identity: entry.answers, at: entry.at }
}

const textsOf = ({ blocks }: Entry & { readonly blocks: ReadonlyArray<Block.Block> }): ReadonlyArray<string> =>
  blocks.flatMap((block) => (block._tag === "Text" ? [block.text] : []))

/**
 * Whether these are the last of the texts. A message may have several, which stand in lines of their own, and its
 * program may tell all of them or the last.
 */
const endIn = (texts: ReadonlyArray<string>, told: string = ""): boolean => {
  const wanted = withoutSpace(told)
  let end = ""
  for (const text of [...texts].reverse()) {
    end = withoutSpace(text) + end
    if (end.length >= wanted.length) return end === wanted
  }
  return false
}

const withoutSpace = (text: string): string => text.replaceAll(/\s+/g, "")

/** What the program says itself, where the model could not be asked. */
const isOfProgram = (answer: string): boolean => /^(?:API Error\b|No response requested\.$)/.test(answer.trim())

/** So many of the last that were added. */
class Newest<A> {
  private readonly kept: Array<A> = []
  private next = 0
  dropped = 0

  constructor(private readonly most: number) {}

  add(one: A): void {
    if (this.kept.length < this.most) this.kept.push(one)
    else {
      this.dropped++
      if (this.most > 0) this.kept[this.next] = one
      this.next = (this.next + 1) % Math.max(1, this.most)
    }
  }

  get all(): ReadonlyArray<A> {
    return [...this.kept.slice(this.next), ...this.kept.slice(0, this.next)]
  }
}
