/**
 * Which command a rule is for.
 */
import type { LaunchRequest } from "@tether/process/ChildDriver"

export const wordsOf = ({ args, program }: LaunchRequest): ReadonlyArray<string> => [program, ...args]

/** Whether a command is these words, or begins with them, where only so many are compared. */
export const matches = (
  request: LaunchRequest,
  words: ReadonlyArray<string>,
  compared = request.args.length + 1
): boolean =>
  words.length === compared &&
  words.every((word, index) => (index === 0 ? isProgram(request.program, word) : request.args[index - 1] === word))

/** By its whole path, or by its last part alone. */
export const isProgram = (program: string, name: string): boolean =>
  program === name || (!name.includes("/") && program.slice(program.lastIndexOf("/") + 1) === name)
