/**
 * Lines for a POSIX shell.
 */

/**
 * A word that a shell takes as it is, whatever is in it: in single quotes, which mean nothing to it but the next single
 * quote. As the tag of a template it quotes what stands in `${}`: a text becomes one word, a list one word for each.
 *
 * Everything else in it reaches the shell as it is written, backslashes too. For POSIX shells (sh, dash, bash, zsh),
 * not for cmd.exe. In a template, write no quotes around `${}`: they are put there. `Command.runInShell` needs none of
 * this: a supervised command's arguments are quoted.
 *
 * @example
 * ```ts
 * import * as Shell from "@tether/process/Shell"
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 *
 * const count = (pattern: string, files: ReadonlyArray<string>) =>
 *   Supervise.string(Command.make("sh", "-c", Shell.quote`grep -he ${pattern} -- ${files} | sort | uniq -c`))
 * ```
 */
export const quote: {
  (word: string): string
  (template: TemplateStringsArray, ...values: ReadonlyArray<Value>): string
} = (first: string | TemplateStringsArray, ...values: ReadonlyArray<Value>): string =>
  typeof first === "string" ? quoteWord(first) : String.raw(first, ...values.map(quoteValue))

/**
 * A command line for people, which a shell takes as it stands: only the words that need it are quoted, and control
 * characters are written as `$'\\n'`, which bash, zsh and ksh read. It is one line.
 *
 * @example
 * ```ts
 * import * as Shell from "@tether/process/Shell"
 *
 * Shell.commandLine(["git", "commit", "-m", "it's done"]) // git commit -m 'it'\\''s done'
 * ```
 */
export const commandLine = (words: ReadonlyArray<string>): string =>
  words.map((word, index) => (isPlain(word, index === 0) ? word : shownWord(word))).join(" ")

/** An assignment in the place of the program is one to the shell. */
const isPlain = (word: string, isProgram: boolean): boolean =>
  /^[\p{L}\p{N}_./:@%+,-][\p{L}\p{N}_./:@%+,=-]*$/u.test(word) && !(isProgram && word.includes("="))

const controls = /[\0-\x1f\x7f-\x9f]/

const shownWord = (word: string): string => {
  if (!controls.test(word)) return quoteWord(word)
  const inside = word.replace(/['\\]/g, String.raw`\$&`).replace(new RegExp(controls, "g"), escaped)
  return `$'${inside}'`
}

const named: ReadonlyMap<string, string> = new Map([
  ["\n", String.raw`\n`],
  ["\r", String.raw`\r`],
  ["\t", String.raw`\t`]
])

/** A C1 control is two bytes in UTF-8. */
const escaped = (control: string): string =>
  named.get(control) ??
  [...new TextEncoder().encode(control)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("")

/**
 * What can stand in a template of {@link quote}.
 *
 * @example
 * ```ts
 * import type { Value } from "@tether/process/Shell"
 *
 * const files: Value = ["a b", "c"]
 * ```
 */
export type Value = string | number | ReadonlyArray<string | number>

// What is in single quotes is text to a POSIX shell, but for the single quote itself.
const quoteWord = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

const quoteValue = (value: Value): string =>
  typeof value === "object" ? value.map((each) => quoteWord(String(each))).join(" ") : quoteWord(String(value))
