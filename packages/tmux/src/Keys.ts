/**
 * The keys that tmux knows by name. What it does not know it types, letter by letter.
 */

/**
 * Names of keys, as tmux spells them. It takes them in any case.
 *
 * @example
 * ```ts
 * import * as Keys from "@tether/tmux/Keys"
 *
 * Keys.names.includes("Enter") // true
 * ```
 */
export const names: ReadonlyArray<string> = [
  "Enter Escape Tab BTab Space BSpace Up Down Left Right Home End PageUp PageDown PgUp PgDn PPage NPage".split(" "),
  "Insert IC Delete DC KPEnter KP/ KP* KP- KP+ KP. KP0 KP1 KP2 KP3 KP4 KP5 KP6 KP7 KP8 KP9".split(" "),
  "F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12".split(" ")
].flat()

const known = new Set(names.map((name) => name.toLowerCase()))

/**
 * Whether tmux presses a key for this word: a name, one character, a code (`0x1b`), or one of them with Ctrl, Meta or
 * Shift before it (`C-c`, `M-Up`, `^C`).
 *
 * @example
 * ```ts
 * import * as Keys from "@tether/tmux/Keys"
 *
 * Keys.isKey("C-c") // true
 * Keys.isKey("Entr") // false
 * ```
 */
export const isKey = (word: string): boolean => {
  const key = word.replace(/^(?:\^(?=.)|(?:[CMS]-)+(?=.))/iu, "")
  return [...key].length === 1 || known.has(key.toLowerCase()) || /^0x[0-9a-f]{1,6}$/i.test(key)
}
