/**
 * Lines of text from what a program wrote for a terminal.
 */
import * as TerminalText from "@tether/host/TerminalText"

/** So much of a line without an end is kept: a screen may be drawn without any newline. */
const mostKept = 8 * 1024

/** So much of it may be a control sequence that has only begun. */
const longestSequence = 4 * 1024

export class PlainText {
  private readonly decoder = new TextDecoder()
  private rest = ""
  private readonly options: TerminalText.Options

  constructor({ colour }: Pick<TerminalText.Options, "colour">) {
    this.options = { colour, remove: true }
  }

  /** What is sure by now. */
  push(bytes: Uint8Array): string {
    const text = this.rest + this.decoder.decode(bytes, { stream: true })
    const end = lineEnd(text)
    this.rest = text.slice(end)
    return plain(text.slice(0, end), this.options)
  }

  end(): string {
    return plain(this.rest + this.decoder.decode(), this.options)
  }
}

const lineEnd = (text: string): number => {
  const end = text.lastIndexOf("\n") + 1
  if (text.length - end <= mostKept) return end
  const escape = text.lastIndexOf("\u001b")
  if (escape > text.length - longestSequence) return escape
  return text.endsWith("\r") ? text.length - 1 : text.length
}

/** A carriage return is the end of a line that was written again and again, as that of progress. */
const plain = (text: string, options: TerminalText.Options): string =>
  text
    .replace(/\r+\n/g, "\n")
    .replace(/\r+/g, "\n")
    .split("\n")
    .map((line) => TerminalText.sanitize(line, options))
    .join("\n")
