/**
 * Texts that reach a POSIX shell through tmux. On the way tmux parses commands, expands formats (`#{…}`, and styles,
 * for which `##[` is not `#[`), and for some commands has strftime read them. One way of quoting for all of that does
 * not exist, so no character that anybody minds is in the text at all: it is written in octal, and `printf %b` of the
 * shell decodes it. What most names consist of stands for itself.
 */

const encoder = new TextEncoder()
const plain = /[A-Za-z0-9_./:@=,+ -]/

/**
 * A text as the argument of `printf %b`, to stand between double quotes. No `#`, `%`, quote, `$` or backquote is in it.
 */
export const octal = (text: string): string => {
  let encoded = ""
  for (const byte of encoder.encode(text)) {
    const character = String.fromCharCode(byte)
    encoded += plain.test(character) ? character : `\\0${byte.toString(8).padStart(3, "0")}`
  }
  return encoded
}

/**
 * Commands that set a variable of the shell. `$(…)` takes newlines from the end: there is a dot behind them, which goes
 * last. It costs a process, which most texts can do without.
 */
export const assignment = (name: string, text: string): string => {
  const encoded = octal(text)
  return encoded === text ? `${name}="${text}"` : `${name}=$(printf "%b." "${encoded}"); ${name}=\${${name}%.}`
}

/** A text as one word for tmux's parser, which knows no escapes between single quotes. */
export const word = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/**
 * A script without `#` for `pipe-pane`, which has it read by strftime as well. That has room for 8191 bytes, and runs
 * nothing when they do not suffice.
 */
export const untimed = (script: string): string => script.replaceAll("%", "%%")
