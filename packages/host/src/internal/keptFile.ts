/**
 * One of the files of a rotating file, read from anywhere in it, in either direction.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { lineStart, readRange } from "./bytes.js"
import { linesOf, type OpenFile, wholeLines } from "./lineReader.js"

/** Those from `from` to `to`, which are beginnings of lines. */
export const linesBetween = ({ file }: OpenFile, from: number, to: number): Stream.Stream<string, PlatformError> =>
  Stream.unfoldChunkEffect(from, (at) =>
    Effect.map(wholeLines(file, at, to), (bytes) =>
      bytes.length === 0 ? Option.none() : Option.some([linesOf(bytes), at + bytes.length] as const)
    )
  )

/** The same, the last one first. */
export const linesBackwards = ({ file }: OpenFile, to: number): Stream.Stream<string, PlatformError> =>
  Stream.unfoldChunkEffect(to, (at) =>
    at === 0
      ? Effect.succeedNone
      : Effect.gen(function* () {
          const from = yield* lineStart(file, Math.max(0, at - step))
          return Option.some([Chunk.reverse(linesOf(yield* readRange(file, from, at))), from] as const)
        })
  )

const step = 65_536

/** The last bytes before a position, at most `most` of them, as text. */
export const textBefore = ({ file }: OpenFile, at: number, most: number): Effect.Effect<string, PlatformError> =>
  Effect.map(readRange(file, Math.max(0, at - most), at), (bytes) => new TextDecoder().decode(bytes))
