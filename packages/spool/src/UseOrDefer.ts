/**
 * Now if it can be, and otherwise later.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { PutOptions, Spool } from "./Spool.js"

/**
 * What became of it. `Delivered` has what the live way answered; `Deferred` the path of the file, and why the live way
 * failed; `Failed` why neither was possible.
 *
 * @example
 * ```ts
 * import type { Outcome } from "@tether/spool/UseOrDefer"
 *
 * const isSafe = (outcome: Outcome<unknown>) => outcome._tag !== "Failed"
 * ```
 */
export type Outcome<B> =
  | { readonly _tag: "Delivered"; readonly value: B }
  | { readonly _tag: "Deferred"; readonly path: string; readonly because: string }
  | { readonly _tag: "Failed"; readonly reason: string }

/**
 * Hands records over by a live way, and defers them to a spool if that fails or dies. It never fails: whoever ends a
 * session has no use for an error.
 *
 * It waits as long as the live way does: give that a timeout. Where it is interrupted, nothing is deferred.
 *
 * @example
 * ```ts
 * import type { Spool } from "@tether/spool/Spool"
 * import { useOrDefer } from "@tether/spool/UseOrDefer"
 * import * as Effect from "effect/Effect"
 *
 * const post = (mails: ReadonlyArray<string>) => Effect.timeout(Effect.log(mails), "250 millis")
 * const send = (spool: Spool<string>) => useOrDefer(post, spool)(["hello"])
 * ```
 */
export const useOrDefer =
  <A, B, E, R>(live: (records: ReadonlyArray<A>) => Effect.Effect<B, E, R>, spool: Pick<Spool<A>, "put">) =>
  (records: ReadonlyArray<A>, options?: PutOptions): Effect.Effect<Outcome<B>, never, R> =>
    // It may throw before it is an effect.
    Effect.suspend(() => live(records)).pipe(
      Effect.map((value): Outcome<B> => ({ _tag: "Delivered", value })),
      Effect.catchAllCause((cause) => {
        const because = reasonOf(cause)
        return Effect.match(spool.put(records, options), {
          onSuccess: (path): Outcome<B> => ({ _tag: "Deferred", path, because }),
          onFailure: (error): Outcome<B> => ({
            _tag: "Failed",
            reason: `${error.message}, after the live way had failed: ${because}`
          })
        })
      })
    )

const reasonOf = (cause: Cause.Cause<unknown>): string => Cause.prettyErrors(cause)[0]?.message ?? "it was interrupted"
