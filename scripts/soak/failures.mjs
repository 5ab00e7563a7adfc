import { readFileSync } from "node:fs"
import { stripVTControlCharacters } from "node:util"

const LINES_OF_A_FAILURE = 16
const LINES_OF_THE_END = 25

/**
 * One text for each failed test in the output of a run: its name, the seed of its property, the first lines of its
 * error. A run without a failed test, such as one that left a process, gives the end of the output.
 */
export const failuresIn = (file) => {
  const text = stripVTControlCharacters(readFileSync(file, "utf8"))
  // vitest prints a rule after each failure.
  const failures = text
    .split(/^⎯{5,}.*$/m)
    .filter((section) => /^\s*FAIL /.test(section))
    .map(failureText)
  return failures.length > 0 ? failures : [text.trimEnd().split("\n").slice(-LINES_OF_THE_END).join("\n")]
}

const failureText = (section) => {
  // Frames of a stack in libraries would take the place of those in the test.
  const lines = section.trim().split("\n")
  const shown = lines
    .filter((line) => !line.includes("/node_modules/"))
    .slice(0, LINES_OF_A_FAILURE)
    .join("\n")
  return [shown, ...seedsIn(section).filter((seed) => !shown.includes(seed))].join("\n")
}

/** As fast-check (`{ seed: -1, path: "3:1", …}`) and the stress program (`--seed 7 --round 12`) print them. */
const seedsIn = (text) => [...new Set(text.match(/\{ seed: -?\d+[^}]*\}|--seed \d+(?: --round \d+)?/g) ?? [])]
