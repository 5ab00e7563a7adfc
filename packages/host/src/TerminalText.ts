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
const suspectsInRun = new RegExp(suspectInRun, "g")

// One grammar of a terminal's sequences, for what is shown and for what is searched: text that only one of the two
// removes could hide a secret from the search. It is that of DEC's VT500, which xterm and its like follow. No sequence
// goes past the end of a line: a text has the same sequences as its lines one by one.

// Within a sequence, a terminal executes C0 controls and ignores DEL, and the sequence goes on. CAN and SUB cancel it.
const inert = String.raw`\x00-\x09\x0b\x0c\x0e-\x17\x19\x1c-\x1f\x7f`
const cancel = String.raw`\x18\x1a`
// Parameters and intermediates in any order, then the final byte. Without one, because the text ends or something else
// comes, the parameters are as invisible.
const csi = `[${inert} -?]*[@-~${cancel}]?`
// OSC ends at a BEL, too. Any other C1 control or escape aborts a string.
const osc = String.raw`[^\x07${cancel}\x1b\x80-\x9f\r\n]*(?:[\x07${cancel}\x9c]|\x1b\\)?`
const string = String.raw`[^${cancel}\x1b\x80-\x9f\r\n]*(?:[${cancel}\x9c]|\x1b\\)?`
const escape = `[${inert} -/]*[0-~${cancel}]?`
// One alternative for each first character: a text of colours is searched in half the time.
// An escape that begins nothing is a character like others.
const sequence7 = String.raw`\x1b(?=[${inert}${cancel} -~])[${inert}]*(?:\[${csi}|\]${osc}|[PX^_]${string}|${escape})`
const csi8 = String.raw`\x9b${csi}`
const sequence8 = String.raw`${csi8}|\x9d${osc}|[\x90\x98\x9e\x9f]${string}`
const sequences = new RegExp(`${sequence7}|${sequence8}`, "g")
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
  /** Removes the characters that would be shown as pictures: for what was written to a terminal. Default false. */
  readonly remove?: boolean | undefined
}

/**
 * Whether any line of `run` may be changed by {@link sanitize}, or `run` has {@link readings}: false says that it is
 * read as it stands. `run` holds lines joined by newlines: one call for many lines costs a fraction of a call for each.
 *
 * @example
 * ```ts
 * import * as TerminalText from "@tether/host/TerminalText"
 *
 * TerminalText.mayHarm("one\ntwo") // false
 * TerminalText.mayHarm("one\ntwo\u0007") // true
 * ```
 */
export const mayHarm = (run: string): boolean => kindOf(run, controls) !== plain

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
  const shownAs = options?.remove === true ? nothing : picture
  if (options?.colour !== true) return line.replace(sequences, "").replace(suspects, shownAs)
  let shown = ""
  let coloured = false
  let from = 0
  for (const match of line.matchAll(sequences)) {
    shown += line.slice(from, match.index).replace(suspects, shownAs)
    if (colour.test(match[0])) {
      shown += match[0]
      coloured = true
    }
    from = match.index + match[0].length
  }
  shown += line.slice(from).replace(suspects, shownAs)
  // A colour that the line leaves open would run into the text that is printed next.
  return coloured ? `${shown}\x1b[0m` : shown
}

/**
 * A text as a person may read it, and where in the original that is.
 *
 * @example
 * ```ts
 * import type { Reading } from "@tether/host/TerminalText"
 *
 * const startOf = (reading: Reading, word: string) => reading.start(reading.text.indexOf(word))
 * ```
 */
export interface Reading {
  /** What is left of the original. */
  readonly text: string
  /** Where in the original the character of `text` at this index begins, what it was typed over included. */
  readonly start: (index: number) => number
  /** Where in the original it ends. */
  readonly end: (index: number) => number
}

/**
 * What a text of any number of lines may be read as once a terminal, a viewer or {@link sanitize} has removed what it
 * does not show: for a search that must find a word also where a sequence or an invisible character is in its middle.
 * Newlines and tabs stay, everything else that has no width of its own goes. Empty for a text without any of it.
 *
 * There is one reading without the sequences, and another for each of these that the text has: one in which the payload
 * of strings such as titles and links is text; one for a viewer that knows no C1 controls, and to which the parameters
 * of a sequence without its end are text; and one in which each backspace erases the character before it. The readings
 * are for searches only: they are not safe to print.
 *
 * @example
 * ```ts
 * import * as TerminalText from "@tether/host/TerminalText"
 *
 * const [reading] = TerminalText.readings("pass\u001b[1mword\u001b[m")
 * console.log(reading?.text, reading?.start(4)) // password 8
 * ```
 */
export const readings = (text: string): ReadonlyArray<Reading> => {
  const kind = kindOf(text, formats)
  if (kind === plain) return []
  const { unshown, unshownButStrings, unshownIfWhole } = kind === controls ? withControls : withFormats
  const found = [readingOf(text, unshown, false)]
  if (stringStart.test(text)) found.push(readingOf(text, unshownButStrings, false))
  if (introducer8.test(text) || unfinished.test(text)) found.push(readingOf(text, unshownIfWhole, false))
  if (text.includes("\b")) found.push(readingOf(text, unshown, true))
  return found
}

// Control characters but the tab and the newline.
const control = String.raw`\x00-\x08\x0b-\x1f\x7f-\x9f`
// What Unicode says is not drawn or only formats (\p{Cf}, \p{Default_Ignorable_Code_Point}): zero-width joiners, soft
// hyphens, direction marks, tags, variation selectors, fillers; and line separators. The marks that are drawn over a
// letter are not among them: with one, it is another letter.
const format = String.raw`\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb`
const formatPair = String.raw`\ud804[\udcbd\udccd]|\ud80d[\udc30-\udc3f]|\ud82f[\udca0-\udca3]|\ud834[\udd73-\udd7a]|[\udb40-\udb43][\udc00-\udfff]`
const isFormatPair = new RegExp(`^(?:${formatPair})$`)

// A class of so many ranges takes eight times as long as a look into a table.
const [plain, controls, formats, pairs] = [0, 1, 2, 3]
const kinds = new Uint8Array(0x10000)
const fill = (ranges: string, kind: number): void => {
  for (const [range] of ranges.matchAll(/\\.[0-9a-f]+(?:-\\.[0-9a-f]+)?/g)) {
    const [from = 0, to = from] = range.split("-").map((end) => Number.parseInt(end.slice(2), 16))
    kinds.fill(kind, from, to + 1)
  }
}
fill(control, controls)
fill(format, formats)
fill(String.raw`\ud804\ud80d\ud82f\ud834\udb40-\udb43`, pairs)

/** What there is in a text besides what is drawn: `controls`, or `formats` too; whichever `enough` says first. */
const kindOf = (text: string, enough: number): number => {
  let most = plain
  for (let index = 0; index < text.length; index++) {
    let kind = kinds[text.charCodeAt(index)] as number
    if (kind === plain) continue
    if (kind === pairs) kind = isFormatPair.test(text.slice(index, index + 2)) ? formats : plain
    if (kind > most) most = kind
    if (most >= enough) return most
  }
  return most
}

const stringStart = new RegExp(String.raw`\x1b[${inert}]*[\]PX^_]|[\x90\x98\x9d-\x9f]`)
const introducer8 = /[\x90\x98\x9b\x9d-\x9f]/
const unfinished = new RegExp(String.raw`\x1b[${inert}]*\[[${inert} -?]*(?![${inert} -~${cancel}])`)

const patternsOf = (unread: string) => ({
  unshown: new RegExp(`${sequence7}|${sequence8}|${unread}`, "g"),
  unshownButStrings: new RegExp(String.raw`\x1b[${inert}]*(?:\[${csi}|${escape})|${csi8}|${unread}`, "g"),
  unshownIfWhole: new RegExp(
    String.raw`\x1b[${inert}]*(?:\[(?:[${inert} -?]*[@-~${cancel}])?|\]${osc}|[PX^_]${string}|${escape})|${unread}`,
    "g"
  )
})
const withControls = patternsOf(`[${control}]`)
const withFormats = patternsOf(`[${control}${format}]|${formatPair}`)

const readingOf = (text: string, hidden: RegExp, erases: boolean): Reading => {
  // Where each part was is asked only where a search has found something.
  let known: ReadonlyArray<Part> | undefined
  const origin = (index: number) => {
    known ??= partsOf(text, hidden, erases)
    const part = partAt(known, index)
    return part === undefined ? { part, at: index } : { part, at: part.start + index - part.place }
  }
  return {
    text: erases
      ? partsOf(text, hidden, erases)
          .map(({ end, start }) => text.slice(start, end))
          .join("")
      : text.replace(hidden, ""),
    start: (index) => {
      const { at, part } = origin(index)
      return part?.start === at ? part.erased : at
    },
    end: (index) => origin(index).at + 1
  }
}

const partsOf = (text: string, hidden: RegExp, erases: boolean): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  let at = 0
  /** Where what was erased last begins. */
  let erased: number | undefined
  const keep = (from: number, to: number) => {
    if (from === to) return
    parts.push({ place: 0, start: from, end: to, erased: erased ?? from })
    erased = undefined
  }
  const erase = () => {
    const part = parts.pop()
    if (part === undefined) return
    const end = part.end - lastCharacter(text, part)
    const from = Math.min(erased ?? end, end === part.start ? part.erased : end)
    if (end > part.start) parts.push({ ...part, end })
    erased = from
  }
  for (const match of text.matchAll(hidden)) {
    keep(at, match.index)
    at = match.index + match[0].length
    if (erases) for (let left = backspaces(match[0]); left > 0; left--) erase()
  }
  keep(at, text.length)
  let place = 0
  for (const part of parts) {
    part.place = place
    place += part.end - part.start
  }
  return parts
}

/** How many a terminal executes: also within a sequence, and none of a string. */
const backspaces = (hidden: string): number =>
  hidden === "\b" ? 1 : stringStart.test(hidden) ? 0 : hidden.split("\b").length - 1

/** A part of the original that is read: where it begins in the reading, and where in the original. */
interface Part {
  place: number
  readonly start: number
  readonly end: number
  /** Where what it was typed over begins. */
  readonly erased: number
}

const lastCharacter = (text: string, { end, start }: Part): number =>
  end - start > 1 && /[\ud800-\udbff]/.test(text.charAt(end - 2)) ? 2 : 1

/** The part that this index of the reading is in. */
const partAt = (parts: ReadonlyArray<Part>, index: number): Part | undefined => {
  let low = 0
  let high = parts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((parts[middle] as Part).place <= index) low = middle
    else high = middle - 1
  }
  return parts[low]
}

/**
 * The colours and styles (SGR sequences) of a text, without the text.
 *
 * @example
 * ```ts
 * import * as TerminalText from "@tether/host/TerminalText"
 *
 * TerminalText.colours("a\u001b[1mb\u001b[m") // "\u001b[1m\u001b[m"
 * ```
 */
export const colours = (text: string): string =>
  text.includes("\x1b") ? (text.match(sequences) ?? []).filter((sequence) => colour.test(sequence)).join("") : ""

/**
 * A JSON text in which every character that {@link sanitize} would replace is a `\u` escape. Its value stays the same.
 * `JSON.stringify` escapes the control characters below U+0020 and leaves the others.
 *
 * @example
 * ```ts
 * import * as TerminalText from "@tether/host/TerminalText"
 *
 * TerminalText.escapeJson(JSON.stringify("\u009b2J")) // '"\\u009b2J"'
 * ```
 */
export const escapeJson = (json: string): string =>
  suspectInRun.test(json) ? json.replace(suspectsInRun, unicodeEscape) : json

/**
 * A text from outside as a part of a message: in double quotes, with `\u` escapes as in {@link escapeJson}, so that
 * a reader sees where it begins and ends. At most `maxLength` characters of it are shown, default 1000.
 *
 * @example
 * ```ts
 * import * as TerminalText from "@tether/host/TerminalText"
 *
 * TerminalText.quote("a\u202eb") // '"a\\u202eb"'
 * ```
 */
export const quote = (text: string, maxLength = 1000): string =>
  // A caller without types may give anything.
  escapeJson(JSON.stringify(text?.length > maxLength ? `${text.slice(0, maxLength)}…` : text) ?? String(text))

const unicodeEscape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

const nothing = (): string => ""

const picture = (character: string): string => {
  const code = character.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return "\u2421"
  return "\ufffd"
}
