/**
 * One of the files of a rotating file, read from anywhere in it, in either direction.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { lineStart, readRange } from "./bytes.js"
import { linesFrom, type OpenFile } from "./lineReader.js"

/** Those from `from` to `to`, which are beginnings of lines. */
export const linesBetween = ({ file }: OpenFile, from: number, to: number): Stream.Stream<string, PlatformError> =>
  Stream.unfoldChunkEffect(from, (at) =>
    Effect.map(linesFrom(file, at, to), (found) =>
      found.to === at ? Option.none() : Option.some([found.lines, found.to] as const)
    )
  )

/** The same, the last one first. */
export const linesBackwards = ({ file }: OpenFile, to: number): Stream.Stream<string, PlatformError> =>
  Stream.unfoldChunkEffect(to, (at) =>
    at === 0
      ? Effect.succeedNone
      : Effect.gen(function* () {
          const from = yield* lineStart(file, Math.max(0, at - step))
          return Option.some([Chunk.reverse(yield* allLines(file, from, at)), from] as const)
        })
  )

const allLines = (
  file: OpenFile["file"],
  from: number,
  end: number
): Effect.Effect<Chunk.Chunk<string>, PlatformError> =>
  Effect.gen(function* () {
    let all = Chunk.empty<string>()
    let at = from
    while (at < end) {
      const { lines, to } = yield* linesFrom(file, at, end)
      if (to === at) break
      all = Chunk.appendAll(all, lines)
      at = to
    }
    return all
  })

const step = 65_536

/** The last bytes before a position, at most `most` of them, as text. */
export const textBefore = ({ file }: OpenFile, at: number, most: number): Effect.Effect<string, PlatformError> =>
  Effect.map(readRange(file, Math.max(0, at - most), at), (bytes) => new TextDecoder().decode(bytes))
