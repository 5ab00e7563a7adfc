/**
 * The last bytes of a stream, copied, never slices of a chunk. The buffer holds up to twice what is kept, so that a
 * stream of small chunks moves its bytes once a buffer and not once a chunk.
 */

import type { Redactor } from "./redact.js"

const newline = 0x0a
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const nothing = new Uint8Array(0)

export class Tail {
  private buffer: Uint8Array = nothing
  private length = 0
  private forgotten = false

  constructor(private readonly limit: number) {}

  push(chunk: Uint8Array): void {
    if (chunk.length >= this.limit) {
      this.forgotten ||= this.length > 0 || chunk.length > this.limit
      this.length = 0
      this.reserve(this.limit)
      this.buffer.set(chunk.subarray(chunk.length - this.limit))
      this.length = this.limit
      return
    }
    if (this.length + chunk.length > this.limit * 2) {
      const keep = this.limit - chunk.length
      this.buffer.copyWithin(0, this.length - keep, this.length)
      this.length = keep
      this.forgotten = true
    }
    this.reserve(this.length + chunk.length)
    this.buffer.set(chunk, this.length)
    this.length += chunk.length
  }

  /**
   * The kept text with secrets replaced, then cut to the last `bytes` of it and to a line start. In this order, because
   * a cut first could leave a part of a secret that no longer looks like it. For the same reason a kept text whose
   * beginning is gone is not shown before the place where a secret that is cut there must have ended.
   */
  read(bytes: number, redactor: Redactor): string {
    if (this.length === 0) return ""
    const from = Math.max(0, this.length - this.limit)
    const isCut = this.forgotten || from > 0
    const bytesKept = this.buffer.subarray(from, this.length)
    // What is left of a character that was cut would look like text.
    const kept = isCut ? bytesKept.subarray(firstCharacter(bytesKept)) : bytesKept
    const text = decoder.decode(kept)
    if (!isCut) return lastBytes(redactor.redact(text), bytes, false)
    const skipped = decoder.decode(kept.subarray(0, redactor.reach)).length
    return lastBytes(redactor.redactEnd(text, Math.min(skipped, text.length)), bytes, true)
  }

  private reserve(size: number): void {
    if (size <= this.buffer.length) return
    const grown = new Uint8Array(Math.min(this.limit * 2, Math.max(size, this.buffer.length * 2, 256)))
    grown.set(this.buffer.subarray(0, this.length))
    this.buffer = grown
  }
}

/** The last `limit` bytes of a text, from a line start where one is among them, else from a whole character. */
const lastBytes = (text: string, limit: number, forgotten: boolean): string => {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= limit && !forgotten) return text
  const start = Math.max(0, bytes.length - limit)
  const startsLine = start > 0 && bytes[start - 1] === newline
  const window = bytes.subarray(start)
  const lineStart = startsLine ? 0 : window.indexOf(newline) + 1
  // A text of one unfinished line has no line start, and one whose only newline is its last byte has nothing behind it.
  const from = lineStart === 0 || lineStart === window.length ? firstCharacter(window) : lineStart
  return decoder.decode(window.subarray(from))
}

const firstCharacter = (bytes: Uint8Array): number => {
  let from = 0
  while (from < 4 && from < bytes.length && ((bytes[from] as number) & 0xc0) === 0x80) from++
  return from
}
