/**
 * Bytes to lines. A chunk that holds no end of line is carried; of one that does, the whole run of complete lines is
 * decoded at once and split once, because a decode a line costs half as much again. The array that `split` made is the
 * array handed on: a second one is measurable.
 */

/** The lines that one chunk of bytes completed. */
export interface LineChunk {
  /** Lines without their ends. */
  readonly texts: ReadonlyArray<string>
  /**
   * The same lines as one text, for a look at all of them at once, but for the start of the first, which came earlier.
   */
  readonly run: string
  /** Whether the run still has the carriage returns that were trimmed from the lines. */
  readonly isRaw: boolean
  /** How many bytes of input these lines take, ends included. */
  readonly bytes: number
  /** Whether the last of them ended in a newline. All others did. */
  readonly terminated: boolean
  /** By index in `texts`: how many bytes were dropped from lines over the limit. */
  readonly truncated: ReadonlyMap<number, number> | undefined
}

export type CarriageReturn = "keep" | "split"

const newline = 0x0a
const carriageReturn = 0x0d
const emptyBytes = new Uint8Array(0)
// Only whole lines are decoded, so that one decoder keeps nothing between calls and serves all streams. Without
// `ignoreBOM` it would eat a byte order mark, which is the child's data.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

export class Framer {
  /** The start of a line whose end has not come: the first `carried` bytes, of at most `maxLineBytes`. */
  private carry: Uint8Array = emptyBytes
  private carried = 0
  /** Bytes of that line beyond the limit. */
  private dropped = 0
  /** The last byte of that line, kept or dropped. */
  private lastByte = 0
  /** With `split`: the last byte was a CR that ended a line, so that a newline right after it ends nothing. */
  private afterReturn = false

  constructor(
    private readonly maxLineBytes: number,
    private readonly policy: CarriageReturn
  ) {}

  /** Whether the start of a line waits for its end. */
  get hasPartial(): boolean {
    return this.carried > 0 || this.dropped > 0
  }

  /** The bytes that wait for the end of their line. */
  get partialBytes(): number {
    return this.carried + this.dropped
  }

  push(chunk: Uint8Array): LineChunk | undefined {
    if (this.policy === "split") return this.splitEach(chunk)
    const last = chunk.lastIndexOf(newline)
    if (last === -1) {
      this.keep(chunk)
      return undefined
    }
    if (this.partialBytes + last > this.maxLineBytes) return this.splitEach(chunk)

    const run = decoder.decode(chunk.subarray(0, last))
    const texts = run.split("\n")
    const bytes = this.partialBytes + last + 1
    if (this.hasPartial) {
      this.keep(chunk.subarray(0, chunk.indexOf(newline)))
      texts[0] = this.takeCarry()
    }
    if (run.includes("\r") || texts[0]?.endsWith("\r") === true) trimReturns(texts)
    if (last + 1 < chunk.length) this.keep(chunk.subarray(last + 1))
    return { texts, run, isRaw: true, bytes, terminated: true, truncated: undefined }
  }

  /** The line that has begun and has no end yet, given up as it stands. */
  flush(): LineChunk | undefined {
    if (!this.hasPartial) return undefined
    const bytes = this.partialBytes
    const truncated = this.dropped > 0 ? new Map([[0, this.dropped + this.cutBack()]]) : undefined
    const text = this.takeCarry()
    return { texts: [text], run: text, isRaw: false, bytes, terminated: false, truncated }
  }

  /** The text of the line that has begun and has no end yet, as far as it is kept. */
  partialText(): string {
    return decoder.decode(this.carry.subarray(0, this.carried))
  }

  /**
   * The same as `flush` for a line that may go on: what could be the start of a character, or of the line's end, stays.
   */
  flushWhole(): LineChunk | undefined {
    if (this.dropped > 0) return this.flush()
    const kept = this.carry.subarray(0, this.carried)
    let whole = wholeCharacters(kept)
    if (whole === this.carried && kept[whole - 1] === carriageReturn) whole--
    if (whole === 0) return undefined
    const text = decoder.decode(kept.subarray(0, whole))
    this.carry.copyWithin(0, whole, this.carried)
    this.carried -= whole
    return { texts: [text], run: text, isRaw: false, bytes: whole, terminated: false, truncated: undefined }
  }

  /** The way for what the fast one cannot do: lines near the limit, and CR as an end of line. */
  private splitEach(chunk: Uint8Array): LineChunk | undefined {
    const texts: Array<string> = []
    const truncated = new Map<number, number>()
    let bytes = 0
    let from = 0
    while (from < chunk.length) {
      if (this.afterReturn) {
        this.afterReturn = false
        if (chunk[from] === newline) {
          from++
          bytes++
          continue
        }
      }
      const end = this.nextEnd(chunk, from)
      if (end === -1) {
        this.keep(chunk.subarray(from))
        break
      }
      this.keep(chunk.subarray(from, end))
      bytes += this.partialBytes + 1
      const endsInReturn = this.policy === "keep" && this.partialBytes > 0 && this.lastByte === carriageReturn
      if (endsInReturn) this.dropLast()
      if (this.dropped > 0) truncated.set(texts.length, this.dropped + this.cutBack())
      texts.push(this.takeCarry())
      this.afterReturn = chunk[end] === carriageReturn
      from = end + 1
    }
    if (texts.length === 0) return undefined
    return {
      texts,
      run: texts.join("\n"),
      isRaw: false,
      bytes,
      terminated: true,
      truncated: truncated.size > 0 ? truncated : undefined
    }
  }

  private nextEnd(chunk: Uint8Array, from: number): number {
    const lineFeed = chunk.indexOf(newline, from)
    if (this.policy === "keep") return lineFeed
    const until = lineFeed === -1 ? chunk.length : lineFeed
    const cr = chunk.subarray(from, until).indexOf(carriageReturn)
    return cr === -1 ? lineFeed : from + cr
  }

  /** Adds to the line that has begun. The bytes are copied: a slice would keep its whole 64 KiB chunk alive. */
  private keep(part: Uint8Array): void {
    if (part.length === 0) return
    this.lastByte = part[part.length - 1] as number
    const room = Math.min(part.length, this.maxLineBytes - this.carried)
    this.dropped += part.length - room
    if (room === 0) return
    const needed = this.carried + room
    if (needed > this.carry.length) {
      const grown = new Uint8Array(Math.min(this.maxLineBytes, Math.max(needed, this.carry.length * 2)))
      grown.set(this.carry.subarray(0, this.carried))
      this.carry = grown
    }
    this.carry.set(part.subarray(0, room), this.carried)
    this.carried = needed
  }

  private takeCarry(): string {
    const text = decoder.decode(this.carry.subarray(0, this.carried))
    this.carried = 0
    this.dropped = 0
    if (this.carry.length > 4096) this.carry = emptyBytes
    return text
  }

  private dropLast(): void {
    if (this.dropped > 0) this.dropped--
    else this.carried--
  }

  /**
   * The limit may fall inside a character: gives up the part of it that was kept, and says how many bytes that were.
   */
  private cutBack(): number {
    const whole = wholeCharacters(this.carry.subarray(0, this.carried))
    const lost = this.carried - whole
    this.carried = whole
    return lost
  }
}

/**
 * A chunk to keep: without its lines, each of which is an object that the garbage collector would have to move. A
 * thousand of them, kept for a replay that hardly anyone asks for, are a tenth of the time of a stream.
 */
export interface KeptChunk extends Omit<LineChunk, "texts"> {
  readonly first: string
  readonly count: number
}

export const keepChunk = ({ bytes, isRaw, run, terminated, texts, truncated }: LineChunk): KeptChunk => ({
  run,
  isRaw,
  bytes,
  terminated,
  truncated,
  first: texts[0] as string,
  count: texts.length
})

export const restoreChunk = ({ count: _, first, ...kept }: KeptChunk): LineChunk => {
  const texts = kept.run.split("\n")
  if (kept.isRaw) trimReturns(texts)
  texts[0] = first
  return { ...kept, texts }
}

const trimReturns = (texts: Array<string>): void => {
  for (let i = 0; i < texts.length; i++) {
    const text = texts[i] as string
    if (text.charCodeAt(text.length - 1) === carriageReturn) texts[i] = text.slice(0, -1)
  }
}

/** How many bytes of these hold whole UTF-8 characters: the length, less a character that is cut at the end. */
export const wholeCharacters = (bytes: Uint8Array): number => {
  // A character has at most three bytes after its first.
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}
