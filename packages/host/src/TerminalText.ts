/**
 * Text made safe to print on a terminal. Every text that comes from a child process, from a command line or from a
 * file goes through this module before a person sees it.
 */

// Control characters except the tab; C1, because some terminals obey it; the direction marks, embeddings, overrides and
// isolates, because they make a line read differently from what it is; and the line and paragraph separators, because
// some viewers break a line at them.
const suspect = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/
const suspects = new RegExp(suspect, "g")
const suspectInRun = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

// A terminal's sequences: CSI (parameters, then a final byte), OSC and the other strings (up to their terminator), and
// the two-byte escapes. None of them goes past the end of a line: a text has the same sequences as its lines one by one.
const sequences =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\r\n]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]/g
const sequenceStart = /[\x1b\x90\x98\x9b\x9d-\x9f]/
const colour = /^\x1b\[[0-9;:]*m$/

/**
 * How a line is sanitized.
 *
 * @example
 * ```ts
 * import type { Options } from "@tether/host/TerminalText"
 *
 * const options: Options = { colour: true }
 * ```
 */
export interface Options {
  /** Keeps colours and styles (SGR sequences), and ends them at the end of the line. Default false. */
  readonly colour?: boolean | undefined
}

/**
 * Whether any line of `run` is changed by {@link sanitize}. `run` holds lines joined by newlines: one call for many
 * lines costs a fraction of a call for each.
 *
 * @example
 * ```ts
 * import * as TerminalText from "@tether/host/TerminalText"
 *
 * TerminalText.mayHarm("one\ntwo") // false
 * TerminalText.mayHarm("one\ntwo\u0007") // true
 * ```
 */
export const mayHarm = (run: string): boolean => suspectInRun.test(run)

/**
 * A text as one line that a terminal can only show. Control sequences are removed. Each control character that remains
 * is shown as its picture, a newline too, and each character that would change the direction or the end of the line as
 * U+FFFD. Tabs stay.
 *
 * @example
 * ```ts
 * import * as TerminalText from "@tether/host/TerminalText"
 *
 * TerminalText.sanitize("\u001b[2Jgone\n") // "gone␊"
 * TerminalText.sanitize("\u001b[31mred", { colour: true }) // "\u001b[31mred\u001b[0m"
 * ```
 */
export const sanitize = (line: string, options?: Options): string => {
  if (!suspect.test(line)) return line
  if (options?.colour !== true) return line.replace(sequences, "").replace(suspects, picture)
  let shown = ""
  let coloured = false
  let from = 0
  for (const match of line.matchAll(sequences)) {
    shown += line.slice(from, match.index).replace(suspects, picture)
    if (colour.test(match[0])) {
      shown += match[0]
      coloured = true
    }
    from = match.index + match[0].length
  }
  shown += line.slice(from).replace(suspects, picture)
  // A colour that the line leaves open would run into the text that is printed next.
  return coloured ? `${shown}\x1b[0m` : shown
}

/**
 * A text of any number of lines without its control sequences. Other control characters stay, so that the result is not
 * safe to print: it is what a program searches, as a person would read it.
 *
 * @example
 * ```ts
 * import * as TerminalText from "@tether/host/TerminalText"
 *
 * TerminalText.stripSequences("pass\u001b[1mword\u001b[m") // "password"
 * ```
 */
export const stripSequences = (text: string): string => (sequenceStart.test(text) ? text.replace(sequences, "") : text)

const picture = (character: string): string => {
  const code = character.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return "\u2421"
  return "\ufffd"
}
