/**
 * The values of logfmt: which stand bare, and how the others are quoted.
 */

// Most values are such, and this test is the cheaper one.
const plain = /^[!#-<>-[\]-~]*$/
const needsQuotes = /[\s"=\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Surrogate}]/u
const escaped = /["\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Surrogate}]/gu

/** Whether a text stands for itself, without quotes. */
export const isBare = (text: string): boolean => plain.test(text) || !needsQuotes.test(text)

/** A text as it stands between quotes. */
export const escape = (text: string): string => text.replace(escaped, escapeOf)

const short: Readonly<Record<string, string>> = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" }

const escapeOf = (character: string): string =>
  short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

const long: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", n: "\n", r: "\r", t: "\t" }

/** The value whose opening quote is at `from`, and where it ends: after the closing quote, or where it goes wrong. */
export const readQuoted = (
  line: string,
  from: number
): { readonly value: string | { readonly problem: string }; readonly end: number } => {
  let value = ""
  let at = from + 1
  while (true) {
    const quote = line.indexOf('"', at)
    if (quote === -1) return { value: { problem: "the quoted value has no end" }, end: from }
    const backslash = line.indexOf("\\", at)
    const end = backslash === -1 || backslash > quote ? quote : backslash
    const text = line.slice(at, end)
    const raw = text.search(escaped)
    if (raw !== -1) return { value: { problem: "a character must be escaped" }, end: at + raw }
    value += text
    if (end === quote) return { value, end: quote + 1 }
    const known = long[line.charAt(end + 1)]
    const digits = /^u([0-9a-f]{4})/i.exec(line.slice(end + 1, end + 6))?.[1]
    if (known !== undefined) {
      value += known
      at = end + 2
    } else if (digits !== undefined) {
      value += String.fromCharCode(Number.parseInt(digits, 16))
      at = end + 6
    } else {
      return { value: { problem: "an escape is unknown" }, end }
    }
  }
}
