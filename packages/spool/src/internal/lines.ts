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

/** So much is read at once, in bytes. */
const portion = 256 * 1024

/** The lines from an offset on. */
export const makeLines = (
  file: FileSystem.File,
  from: number,
  maxLineBytes: number
): Effect.Effect<Lines> =>
  Effect.map(file.seek(from, "start"), () => {
    const splitter = new LineSplitter(maxLineBytes, from)
    // The same for each read.
    const buffer = new Uint8Array(portion)
    let hasEnded = false
    return {
      next: Effect.suspend(() => {
        if (hasEnded) return Effect.succeed(undefined)
        return Effect.map(file.read(buffer), (size) => {
          if (Number(size) > 0) return splitter.take(buffer.subarray(0, Number(size)))
          hasEnded = true
          return splitter.end()
        })
      })
    }
  })
