/**
 * What became of one record that was handed over.
 */

/**
 * The answer of a handler. `Done`: it took the record (`isKnown`: it had it already, by its key). `Skipped`: it does
 * not want it, now or later. `Failed`: it could not take it, and it is to be tried again.
 *
 * @example
 * ```ts
 * import type { Answer } from "@tether/spool/Answer"
 *
 * const isSettled = (answer: Answer) => answer._tag !== "Failed"
 * ```
 */
export type Answer =
  | { readonly _tag: "Done"; readonly isKnown: boolean }
  | { readonly _tag: "Skipped"; readonly reason: string }
  | { readonly _tag: "Failed"; readonly error: string }

/**
 * It was taken, and is new.
 *
 * @example
 * ```ts
 * import * as Answer from "@tether/spool/Answer"
 * import type { Handler } from "@tether/spool/Spool"
 * import * as Effect from "effect/Effect"
 *
 * const print: Handler<string> = ({ record }) => Effect.as(Effect.log(record), Answer.done)
 * ```
 */
export const done: Answer = { _tag: "Done", isKnown: false }

/**
 * It was there already: a record is handed over again when it is not known whether that had succeeded.
 *
 * @example
 * ```ts
 * import * as Answer from "@tether/spool/Answer"
 *
 * const seen = new Set<string>()
 * const take = (key: string) => seen.has(key) ? Answer.known : Answer.done
 * ```
 */
export const known: Answer = { _tag: "Done", isKnown: true }

/**
 * It is not wanted. That is no failure: the record is settled.
 *
 * @example
 * ```ts
 * import * as Answer from "@tether/spool/Answer"
 *
 * const answer = Answer.skipped("too short to be worth it")
 * ```
 */
export const skipped = (reason: string): Answer => ({ _tag: "Skipped", reason })

/**
 * It could not be taken, and will be handed over again. A handler that fails or dies has the same effect.
 *
 * @example
 * ```ts
 * import * as Answer from "@tether/spool/Answer"
 *
 * const answer = Answer.failed("the database is not there")
 * ```
 */
export const failed = (error: string): Answer => ({ _tag: "Failed", error })
