/**
 * The turns of an agent's session, from the transcript that its command-line program keeps: one JSON object a line.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as Effect from "effect/Effect"
import { makeLines } from "./internal/lines.js"
import { type Said, turnOf } from "./internal/turnLine.js"

/**
 * What somebody has said. `number` counts the turns of the session from 1; `at` is the turn's own time, in milliseconds
 * since the epoch, if it has one.
 *
 * @example
 * ```ts
 * import type { Turn } from "@tether/spool/Transcript"
 *
 * const line = ({ role, text }: Turn) => `${role}: ${text}`
 * ```
 */
export interface Turn extends Said {
  readonly number: number
}

/**
 * The newest turns of what was read, and what else was there: `turns` before them, lines that are `skipped` because
 * they are of another kind or empty, lines that are `undecodable`. `end` is where reading goes on: behind the last
 * whole line.
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
  readonly undecodable: number
  readonly end: number
  readonly lastNumber: number
}

/**
 * - `maxTurns`: how many of the newest are kept. Default 200.
 * - `from`, `lastNumber`: where an earlier reading has ended, and with which turn.
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
  readonly maxBytes?: number | undefined
  readonly isOpen?: boolean | undefined
}

/** A line may be so long, in bytes: a longer one counts as undecodable. */
const maxLineBytes = 64 * 1024 * 1024

/**
 * Reads a transcript, in memory that does not grow with it, up to the size that it had when it was opened.
 *
 * A line is a turn if its `type`, or its `message.role`, is `user` or `assistant`, and it is neither marked `isMeta`
 * nor `isSidechain`; its text is the content, or the text blocks of the content joined by newlines. What has no text is
 * skipped.
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
  { from = 0, isOpen = false, lastNumber = 0, maxBytes = Number.POSITIVE_INFINITY, maxTurns = 200 }: Options = {}
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
    let number = lastNumber
    let skipped = 0
    let undecodable = 0
    let end = from
    for (
      let some = yield* lines.next;
      some !== undefined;
      some = end - from < maxBytes ? yield* lines.next : undefined
    ) {
      for (const line of some) {
        if (isOpen && !line.isWhole) break
        end = line.end
        const turn = turnOf(line.text)
        if (turn === "skipped") skipped++
        else if (turn === "undecodable") undecodable++
        else kept.add({ number: ++number, ...turn })
      }
    }
    return { turns: kept.all, dropped: kept.dropped, skipped, undecodable, end, lastNumber: number }
  }).pipe(
    Effect.scoped,
    Effect.catchIf(
      (error) => error._tag !== "FileError",
      (error) => FileAttempt.attempt("read the transcript", path)(Effect.fail(error))
    )
  )

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
