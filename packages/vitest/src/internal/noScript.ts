/**
 * What is said of a command that no rule matches.
 */
import type { LaunchFailure, LaunchRequest } from "@tether/process/ChildDriver"
import { closest } from "fastest-levenshtein"
import { wordsOf } from "./rules.js"

/** By this code the failure is known again, once secrets in it have been replaced. */
export const noScript = "NO_SCRIPT"

export const noScriptFor = (request: LaunchRequest, names: ReadonlyArray<string>): LaunchFailure => {
  const words = wordsOf(request).join(" ")
  return { reason: "Unsupported", problem: `no script for "${words}"; ${told(words, names)}`, code: noScript }
}

const told = (words: string, names: ReadonlyArray<string>): string => {
  if (names.length === 0) return "there are no scripts at all"
  const [nearest, others] = [closest(words, [...names]), names.length - 1]
  return `the closest of the scripts is for "${nearest}"${others === 0 ? "" : ` (others: ${names.filter((name) => name !== nearest).join(", ")})`}`
}
