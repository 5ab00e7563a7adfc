/**
 * Secrets out of texts, for programs that keep or show what a child wrote.
 */
import * as internal from "./internal/redact.js"

/**
 * Replaces secrets by `<redacted>`. They are found where a control sequence, a backspace or an invisible character is
 * in their middle, too. A secret of several lines is also found line by line, if the line has six characters or more.
 *
 * @example
 * ```ts
 * import type { Redactor } from "@tether/process/Redactor"
 *
 * const shown = (redactor: Redactor, command: ReadonlyArray<string>) => redactor.redactParts(command, " ").join(" ")
 * ```
 */
export type Redactor = Pick<internal.Redactor, "redact" | "redactParts" | "redactLines" | "redactCut" | "finds">

/**
 * A redactor for the secrets that the options of a child declare: `redact`, and every `Redacted` value in `env`,
 * `stdin` and `fds`. The child's own labels, relayed lines, errors and reports go through the same one.
 *
 * @example
 * ```ts
 * import * as Redactor from "@tether/process/Redactor"
 *
 * const redactor = Redactor.make({ redact: ["s3cret"] })
 * console.log(redactor.redact("it is s3\u0007cret")) // it is <redacted>
 * ```
 */
export const make = (options: internal.Declaring): Redactor => internal.ofOptions(options)
