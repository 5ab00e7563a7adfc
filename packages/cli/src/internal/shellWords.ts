/**
 * Words as a shell has them: as they were typed, with quotes. They are read and written here, and never evaluated.
 */

export interface Unquoted {
  readonly text: string
  /** The quote that is still open at the end, and its index. */
  readonly open?: { readonly quote: string; readonly at: number }
}

/** Variables and the like stay as they were typed. */
export const unquote = (typed: string): Unquoted => {
  let text = ""
  let open: { readonly quote: string; readonly at: number } | undefined
  for (let at = 0; at < typed.length; at++) {
    const char = typed.charAt(at)
    const next = typed.charAt(at + 1)
    if (char === "\\" && open === undefined) {
      text += next
      at++
    } else if (char === "\\" && open?.quote === '"' && isSpecialInQuotes(next)) {
      text += next
      at++
    } else if (char === open?.quote) open = undefined
    else if (open === undefined && (char === '"' || char === "'")) open = { quote: char, at }
    else text += char
  }
  return open === undefined ? { text } : { text, open }
}

const isSpecialInQuotes = (char: string): boolean => char !== "" && '"$\\`'.includes(char)

/**
 * The word as bash is to insert it for what was typed, or `undefined` where the word does not begin like that. What was
 * typed stays as it is. Readline replaces only what stands after a quote that is still open.
 */
export const insertion = (typed: string, word: string): string | undefined => {
  const { open, text } = unquote(typed)
  if (!word.startsWith(text)) return undefined
  const rest = word.slice(text.length)
  if (open === undefined)
    return `${withoutLoneBackslash(typed)}${rest.replace(/[^\w.,:/=@%+\-\u{80}-\u{10ffff}]/gu, "\\$&")}`
  const quoted = open.quote === '"' ? rest.replace(/["$\\`]/g, "\\$&") : rest.replaceAll("'", `'\\''`)
  return `${typed.slice(open.at + 1)}${quoted}`
}

/** A backslash at the end quotes a character that is not there yet. */
const withoutLoneBackslash = (typed: string): string => {
  const backslashes = /\\*$/.exec(typed)?.[0].length ?? 0
  return backslashes % 2 === 1 ? typed.slice(0, -1) : typed
}
