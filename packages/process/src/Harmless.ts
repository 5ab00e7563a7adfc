/**
 * Texts from elsewhere that are to be shown to a person.
 */
import { harmless } from "./internal/text.js"

/**
 * A text as one line that a terminal can only show: control sequences are taken out, and what control characters remain
 * are shown as their pictures, a newline too.
 *
 * @example
 * ```ts
 * import * as Harmless from "@tether/process/Harmless"
 *
 * Harmless.line("\u001b[2Jgone\n") // "gone␊"
 * ```
 */
export const line = (text: string): string => harmless(text)
