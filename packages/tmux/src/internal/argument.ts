/**
 * Words for tmux's own parser. It gets them as arguments, and no shell is between; only at their ends it looks for `;`,
 * which separates commands.
 */
const argument = (text: string): string => (text.endsWith(";") ? `${text.slice(0, -1)}\\;` : text)

/** Several commands in one call, of which the first that fails ends it. */
export const sequence = (...commands: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> =>
  commands.flatMap((words, index) => (index === 0 ? words.map(argument) : [";", ...words.map(argument)]))
