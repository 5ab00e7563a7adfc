/**
 * The words of a command line. Those behind `--` are the command's own, whatever they look like. `@effect/cli` looks
 * for its options among them too, and takes words before `--` for arguments; so each word behind it gets a mark that no
 * word from outside can carry, and loses it again where it is taken.
 */

// The system ends a word at a NUL, so that no word can begin with one.
const mark = "\0"

/** The words before the first `--`, and those behind it. */
export const splitAtDashes = (argv: ReadonlyArray<string>) => {
  const at = argv.indexOf("--")
  return at === -1 ? { before: argv, behind: [] } : { before: argv.slice(0, at), behind: argv.slice(at + 1) }
}

export const withMarks = (argv: ReadonlyArray<string>): ReadonlyArray<string> => {
  const { before, behind } = splitAtDashes(argv)
  return [...before.flatMap((word, index) => apart(word, before[index + 1])), ...behind.map((word) => mark + word)]
}

/** The value of an option that may stand without one, and does. */
export const noValue = mark

// The parser reads `--name=value` for options that are given once, but not for repeated ones, and every option with a
// value must have it.
const apart = (word: string, next: string | undefined): ReadonlyArray<string> => {
  if (word === "--journal" && (next ?? "-").startsWith("-")) return [word, noValue]
  const [, name, value] = /^(--redact|--env|--agent-arg)=(.*)$/s.exec(word) ?? []
  return name === undefined || value === undefined ? [word] : [name, value]
}

export const isMarked = (word: string): boolean => word.startsWith(mark)

export const withoutMark = (word: string): string => word.slice(mark.length)

/** A text about words, as the words came. */
export const withoutMarks = (text: string): string => text.replaceAll(mark, "")
