/**
 * Suggests the closest known word for an unknown one.
 */
import { distance } from "fastest-levenshtein"
import * as TerminalText from "./TerminalText.js"

/**
 * The word among the known ones that is closest, where it is close: at most half of its letters differ. Upper and lower
 * case count as the same, and letters in the wrong order as one difference.
 *
 * @example
 * ```ts
 * import * as DidYouMean from "@tether/host/DidYouMean"
 *
 * DidYouMean.closest("timeOut", ["label", "timeout"]) // "timeout"
 * ```
 */
export const closest = (word: string, known: ReadonlyArray<string>): string | undefined => {
  const given = word.toLowerCase()
  const farness = (candidate: string) =>
    lettersOf(candidate) === lettersOf(word) ? 1 : distance(given, candidate.toLowerCase())
  const [nearest] = known.toSorted((one, other) => farness(one) - farness(other))
  return nearest !== undefined && farness(nearest) * 2 <= nearest.length ? nearest : undefined
}

/**
 * The word in quotes, and behind it what may have been meant, if anything is close.
 *
 * @example
 * ```ts
 * import * as DidYouMean from "@tether/host/DidYouMean"
 *
 * DidYouMean.quoted("timeOut", ["label", "timeout"]) // `"timeOut" (did you mean "timeout"?)`
 * ```
 */
export const quoted = (word: string, known: ReadonlyArray<string>): string => {
  // Of a text that is no word, a part is enough.
  const shown = `"${TerminalText.sanitize(word.length > longest ? `${word.slice(0, longest)}…` : word)}"`
  const meant = closest(word.slice(0, longest), known)
  return meant === undefined ? shown : `${shown} (did you mean "${meant}"?)`
}

const lettersOf = (word: string): string => [...word.toLowerCase()].sort().join("")

const longest = 60
