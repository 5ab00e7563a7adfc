/**
 * What is said of a command that no rule matches.
 */
import type { LaunchFailure, LaunchRequest } from "@tether/process/ChildDriver"
import { distance } from "fastest-levenshtein"
import { wordsOf } from "./rules.js"

/** By this code the failure is known again, once secrets in it have been replaced. */
export const noScript = "NO_SCRIPT"

export const noScriptFor = (request: LaunchRequest, names: ReadonlyArray<string>): LaunchFailure => {
  const words = wordsOf(request)
  return {
    reason: "Unsupported",
    problem: `no script for "${words.join(" ")}"; ${told(words, [...new Set(names)])}`,
    code: noScript
  }
}

const told = (words: ReadonlyArray<string>, names: ReadonlyArray<string>): string => {
  const [nearest, ...others] = names.toSorted((one, other) => farness(words, one) - farness(words, other))
  if (nearest === undefined) return "there are no scripts at all"
  return `the closest of the scripts is for "${nearest}"${others.length === 0 ? "" : ` (others: ${others.join(", ")})`}`
}

/** How far a rule's name is from as many words of the command as it has itself: 0 is the same, 1 has nothing of it. */
const farness = (words: ReadonlyArray<string>, name: string): number => {
  const compared = words.slice(0, name.split(" ").length).join(" ")
  return distance(compared, name) / Math.max(compared.length, name.length, 1)
}
