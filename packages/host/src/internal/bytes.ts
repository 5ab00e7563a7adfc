/**
 * Bytes of an open file, and where its lines begin.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

export const newline = 0x0a

/**
 * CAN, "the line so far does not count": what a repair writes behind a torn line before it blanks it. No line has one.
 */
export const cancel = 0x18

/** The bytes from `from` to `to`, or fewer if the file ends before. */
export const readRange = (file: FileSystem.File, from: number, to: number): Effect.Effect<Uint8Array, PlatformError> =>
  Effect.gen(function* () {
    const parts: Array<Uint8Array> = []
    let at = from
    yield* file.seek(from, "start")
    while (at < to) {
      const part = yield* file.readAlloc(to - at)
      if (Option.isNone(part)) break
      parts.push(part.value)
      at += part.value.length
    }
    const [first] = parts
    return parts.length === 1 && first !== undefined ? first : concat(parts)
  })

const concat = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Where the bytes begin that are looked for, at `from` or behind it, or -1. */
export const indexOf = (bytes: Uint8Array, wanted: Uint8Array, from = 0): number => {
  const [first] = wanted
  if (first === undefined) return from
  for (
    let at = bytes.indexOf(first, from);
    at !== -1 && at + wanted.length <= bytes.length;
    at = bytes.indexOf(first, at + 1)
  ) {
    if (wanted.every((byte, offset) => bytes[at + offset] === byte)) return at
  }
  return -1
}

/** Where the line begins that is not ended at `end`: `end` itself if a newline is before it. */
export const lineStart = (file: FileSystem.File, end: number): Effect.Effect<number, PlatformError> =>
  Effect.gen(function* () {
    let to = end
    let step = 65_536
    while (to > 0) {
      const from = Math.max(0, to - step)
      const at = (yield* readRange(file, from, to)).lastIndexOf(newline)
      if (at !== -1) return from + at + 1
      to = from
      step = Math.min(step * 2, largestStep)
    }
    return 0
  })

const largestStep = 4 * 1024 * 1024
