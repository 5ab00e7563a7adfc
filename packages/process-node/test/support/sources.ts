import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** A source without end, and how much of it was pulled. */
export const endless = (size: number) => {
  const state = { pulled: 0, released: false }
  const stream = Stream.repeatEffect(
    Effect.sync(() => {
      state.pulled += size
      return new Uint8Array(size)
    })
  ).pipe(
    Stream.ensuring(
      Effect.sync(() => {
        state.released = true
      })
    )
  )
  return { state, stream }
}
