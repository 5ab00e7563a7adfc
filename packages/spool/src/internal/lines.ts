/**
 * The lines of an open file, with their places.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { type Line, LineSplitter } from "./lineSplitter.js"

export interface Lines {
  /** Some more, which may be none, or `undefined` at the end. */
  readonly next: Effect.Effect<ReadonlyArray<Line> | undefined, PlatformError>
}

/**
 * So much is read at first, in bytes, and twice as much each time: who goes on in the middle may want a few lines only.
 */
const portion = { first: 16 * 1024, most: 256 * 1024 }

/** The lines from an offset on, up to the end of the file, or to the size that it is known to have. */
export const makeLines = (
  file: FileSystem.File,
  from: number,
  maxLineBytes: number,
  size = Number.POSITIVE_INFINITY
): Effect.Effect<Lines> =>
  Effect.map(file.seek(from, "start"), () => {
    const splitter = new LineSplitter(maxLineBytes, from)
    // No larger than it need be: thousands of small files are read one after the other.
    let buffer = new Uint8Array(Math.max(1, Math.min(portion.first, size - from)))
    let at = from
    let hasEnded = false
    return {
      next: Effect.suspend(() => {
        if (hasEnded) return Effect.succeed(undefined)
        return Effect.map(file.read(buffer), (read) => {
          // What has come to the file since then is not looked at.
          const length = Math.max(0, Math.min(Number(read), size - at))
          at += length
          hasEnded = length === 0 || at >= size
          const lines = splitter.take(buffer.subarray(0, length))
          if (length === buffer.length && buffer.length < portion.most) buffer = new Uint8Array(buffer.length * 2)
          return hasEnded ? [...lines, ...splitter.end()] : lines
        })
      })
    }
  })
