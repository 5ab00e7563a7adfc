/**
 * Framing by byte: a stream of chunks in, a stream of lines out, whatever the cuts.
 */
import type * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Stream from "effect/Stream"
import { Framer, type LineChunk } from "./internal/framer.js"

/**
 * One line. `text` has neither its newline nor one carriage return before it; `terminated` is false for a last line
 * that had no newline, and for a partial line that was flushed early; `truncatedBytes` were dropped from its end
 * because it was longer than `maxLineBytes`.
 *
 * @example
 * ```ts
 * import type { Line } from "@tether/process/Lines"
 *
 * const isWhole = (line: Line) => line.terminated && line.truncatedBytes === 0
 * ```
 */
export interface Line {
  readonly text: string
  readonly terminated: boolean
  readonly truncatedBytes: number
}

/**
 * How lines are cut. All optional.
 *
 * - `maxLineBytes`: a longer line is truncated to this many bytes, back to a whole character. Default 1 MiB, more than
 *   any line a person reads and little enough for a thousand children.
 * - `carriageReturn`: `"keep"` (default) leaves a CR inside a line alone; `"split"` ends a line there too, so that each
 *   state of a progress bar is a line.
 *
 * @example
 * ```ts
 * import type { Options } from "@tether/process/Lines"
 *
 * const progress: Options = { carriageReturn: "split" }
 * ```
 */
export interface Options {
  readonly maxLineBytes?: number | undefined
  readonly carriageReturn?: "keep" | "split" | undefined
}

/**
 * The length over which a line is truncated unless an option says otherwise: 1 MiB.
 *
 * @example
 * ```ts
 * import * as Lines from "@tether/process/Lines"
 *
 * const options: Lines.Options = { maxLineBytes: Lines.defaultMaxLineBytes * 64 }
 * ```
 */
export const defaultMaxLineBytes = 1024 * 1024

/**
 * Splits bytes into lines. Lines end at 0x0A only (never at U+2028, U+2029 or U+0085), a line is decoded as a whole, so
 * that no cut can break a character, invalid UTF-8 becomes U+FFFD, a byte order mark is kept, and a last line without
 * newline is emitted and marked. Memory is bounded by `maxLineBytes`; the lines of one chunk of bytes are one chunk.
 *
 * @example
 * ```ts
 * import * as Lines from "@tether/process/Lines"
 * import * as Stream from "effect/Stream"
 *
 * const texts = Stream.make(new TextEncoder().encode("one\ntwo")).pipe(
 *   Lines.split(),
 *   Stream.map((line) => line.text)
 * )
 * ```
 */
export const split =
  (options: Options = {}) =>
  <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Line, E, R> =>
    Stream.suspend(() => {
      const framer = new Framer(options.maxLineBytes ?? defaultMaxLineBytes, options.carriageReturn ?? "keep")
      const emit = (lines: Array<Line>) =>
        lines.length === 0 ? Channel.void : Channel.write(Chunk.unsafeFromArray(lines))
      const loop: Channel.Channel<
        Chunk.Chunk<Line>,
        Chunk.Chunk<Uint8Array>,
        E,
        E,
        void,
        unknown
      > = Channel.readWithCause({
        onInput: (chunk: Chunk.Chunk<Uint8Array>) => {
          const lines: Array<Line> = []
          for (const part of chunk) {
            const framed = framer.push(part)
            if (framed !== undefined) appendLines(lines, framed)
          }
          return Channel.flatMap(emit(lines), () => loop)
        },
        onFailure: (cause: Cause.Cause<E>) => Channel.failCause(cause),
        onDone: () => {
          const lines: Array<Line> = []
          const rest = framer.flush()
          if (rest !== undefined) appendLines(lines, rest)
          return emit(lines)
        }
      })
      return Stream.pipeThroughChannel(bytes, loop)
    })

const appendLines = (lines: Array<Line>, chunk: LineChunk): void => {
  const last = chunk.texts.length - 1
  chunk.texts.forEach((text, index) => {
    lines.push({
      text,
      terminated: index < last || chunk.terminated,
      truncatedBytes: chunk.truncated?.get(index) ?? 0
    })
  })
}
