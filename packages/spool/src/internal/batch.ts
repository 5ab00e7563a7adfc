/**
 * Handlers that take many records at the price of one: what they answer counts once the batch is over.
 */
import type { FileError } from "@tether/host/FileError"
import type { LockHeld } from "@tether/host/LockHeld"
import type * as Effect from "effect/Effect"
import type { Answer } from "../Answer.js"
import type { Item } from "./setting.js"

type Handle<A, R> = (item: Item<A>) => Effect.Effect<Answer, unknown, R>

/** Has records handed over in one go. It fails if they were not taken after all, whatever was answered for each. */
type Batch<A> = <B, E, R>(
  use: (handle: Handle<A, never>) => Effect.Effect<B, E, R>
) => Effect.Effect<B, E | FileError | LockHeld, R>

const batches = new WeakMap<object, Batch<never>>()

/** A handler that can take records in one go. */
export const batching = <A>(batch: Batch<A>): Handle<A, never> => {
  const handle: Handle<A, never> = (item) => batch((handle) => handle(item))
  batches.set(handle, batch as Batch<never>)
  return handle
}

/** Hands records over in one go where the handler can, and one by one otherwise. */
export const inBatch = <A, R, B, E, R1>(
  handle: Handle<A, R>,
  use: (handle: Handle<A, R>) => Effect.Effect<B, E, R1>
): Effect.Effect<B, E | FileError | LockHeld, R1> => {
  const batch = batches.get(handle) as Batch<A> | undefined
  return batch === undefined ? use(handle) : batch(use)
}
