/**
 * Lines out of bytes as they come, in memory that is bounded by the longest line that is allowed.
 */
export interface Line {
  /** Without its newline. Undefined where the line is longer than is allowed. */
  readonly text: string | undefined
  readonly start: number
  /** Behind its newline. */
  readonly end: number
  /** False for a last line without newline. */
  readonly isWhole: boolean
}

const newline = 0x0a

export class LineSplitter {
  /** What has come of a line that has not ended yet. */
  private carry: Array<Uint8Array> = []
  private carried = 0

  constructor(
    private readonly maxLineBytes: number,
    private start = 0
  ) {}

  /** The lines that end in these bytes, which may be overwritten afterwards. */
  take(bytes: Uint8Array): ReadonlyArray<Line> {
    const lines: Array<Line> = []
    let at = 0
    for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, at)) {
      lines.push(this.lineOf(bytes.subarray(at, end), true))
      at = end + 1
    }
    const rest = bytes.subarray(at)
    this.carried += rest.length
    // What is too long is counted, and not kept.
    if (this.carried > this.maxLineBytes) this.carry = []
    else if (rest.length > 0) this.carry.push(rest.slice())
    return lines
  }

  /** How much has come of a line that has not ended. */
  get partial(): number {
    return this.carried
  }

  /** The last line, if it has no newline. */
  end(): ReadonlyArray<Line> {
    return this.carried === 0 ? [] : [this.lineOf(new Uint8Array(), false)]
  }

  private lineOf(rest: Uint8Array, isWhole: boolean): Line {
    const length = this.carried + rest.length
    const isTooLong = length > this.maxLineBytes
    const bytes = this.carry.length === 0 || isTooLong ? rest : concat([...this.carry, rest], length)
    // A mark of the byte order stands at the beginning of a file only, and belongs to no line.
    const text = isTooLong ? undefined : decode(this.start === 0 ? withoutMark(bytes) : bytes)
    const line = { text, start: this.start, end: this.start + length + (isWhole ? 1 : 0), isWhole }
    this.start = line.end
    this.carry = []
    this.carried = 0
    return line
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

const decode = (bytes: Uint8Array): string => decoder.decode(bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes)

const withoutMark = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes

const concat = (parts: ReadonlyArray<Uint8Array>, length: number): Uint8Array => {
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
