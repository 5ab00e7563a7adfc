/**
 * The lines of an open file, with their places, in memory that does not grow with the file.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"

export interface Line {
  /** Without its newline. Undefined where the line is longer than is allowed. */
  readonly text: string | undefined
  readonly start: number
  /** Behind its newline. */
  readonly end: number
  /** False for a last line without newline. */
  readonly isWhole: boolean
}

export interface Lines {
  /** Some more, which may be none, or `undefined` at the end. */
  readonly next: Effect.Effect<ReadonlyArray<Line> | undefined, PlatformError>
}

const newline = 0x0a

/** So much is read at once, in bytes. */
const portion = 256 * 1024

/** The lines from an offset on. */
export const makeLines = (
  file: FileSystem.File,
  from: number,
  maxLineBytes: number
): Effect.Effect<Lines> =>
  Effect.as(file.seek(from, "start"), (() => {
    let start = from
    /** What was read of a line that has not ended yet. */
    let carry: Array<Uint8Array> = []
    let carried = 0
    let hasEnded = false
    // The same for each read: what is kept of it is copied.
    const buffer = new Uint8Array(portion)

    const lineOf = (rest: Uint8Array, isWhole: boolean): Line => {
      const length = carried + rest.length
      const text = length > maxLineBytes ? undefined : decode(carry.length === 0 ? rest : concat([...carry, rest], length))
      const line = { text, start, end: start + length + (isWhole ? 1 : 0), isWhole }
      start = line.end
      carry = []
      carried = 0
      return line
    }

    const take = (bytes: Uint8Array): ReadonlyArray<Line> => {
      const lines: Array<Line> = []
      let at = 0
      for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, at)) {
        lines.push(lineOf(bytes.subarray(at, end), true))
        at = end + 1
      }
      const rest = bytes.subarray(at)
      carried += rest.length
      // What is too long is counted, and not kept.
      if (carried > maxLineBytes) carry = []
      else if (rest.length > 0) carry.push(rest.slice())
      return lines
    }

    return {
      next: Effect.suspend(() => {
        if (hasEnded) return Effect.succeed(undefined)
        return Effect.map(file.read(buffer), (size) => {
          if (Number(size) > 0) return take(buffer.subarray(0, Number(size)))
          hasEnded = true
          return carried === 0 ? undefined : [lineOf(new Uint8Array(), false)]
        })
      })
    }
  })())

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const decode = (bytes: Uint8Array): string => decoder.decode(bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes)

const concat = (parts: ReadonlyArray<Uint8Array>, length: number): Uint8Array => {
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
