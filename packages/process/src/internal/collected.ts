/**
 * Bytes that are kept until there are too many.
 */
import { type Framer, wholeCharacters } from "./framer.js"

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

export class Collected {
  private readonly chunks: Array<Uint8Array> = []
  /** How many bytes are kept. */
  size = 0

  constructor(private readonly limit: number) {}

  /** Whether there is room for it. What there is no room for is kept as far as there is. */
  take(chunk: Uint8Array): boolean {
    const room = this.limit - this.size
    this.chunks.push(chunk.length <= room ? chunk : chunk.subarray(0, room))
    this.size += Math.min(room, chunk.length)
    return chunk.length <= room
  }

  get text(): string {
    return decoder.decode(this.bytes)
  }

  /** The text of what was cut at the limit. */
  get cutText(): string {
    const { bytes } = this
    return decoder.decode(bytes.subarray(0, wholeCharacters(bytes)))
  }

  get bytes(): Uint8Array {
    const bytes = new Uint8Array(this.size)
    let at = 0
    for (const chunk of this.chunks) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    return bytes
  }
}

/** The lines of a text, and how many bytes of them the framer has cut off. */
export const framed = (
  text: Uint8Array,
  framer: Framer
): { readonly lines: ReadonlyArray<string>; readonly missing: number } => {
  const chunks = [framer.push(text), framer.flush()].filter((chunk) => chunk !== undefined)
  const missing = chunks.flatMap(({ truncated }) => [...(truncated?.values() ?? [])])
  const [lines = [], rest = []] = chunks.map(({ texts }) => texts)
  return {
    lines: rest.length === 0 ? lines : [...lines, ...rest],
    missing: missing.reduce((sum, bytes) => sum + bytes, 0)
  }
}
