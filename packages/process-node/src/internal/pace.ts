/**
 * Room for the event loop between launches. A spawn keeps the loop for milliseconds, and many in a row would keep
 * signals, timers and output waiting for seconds.
 */
import * as Effect from "effect/Effect"

/** How long launches may keep the loop before it turns, in milliseconds. */
const longest = 10

/** When the launches of this turn of the loop began. */
let since: number | undefined
const waiting: Array<() => void> = []

/** Waits for a turn of the loop where launches have kept it for some 10 ms. The first to wait launches first. */
export const giveWay: Effect.Effect<void> = Effect.suspend(() => {
  since ??= begin()
  if (waiting.length === 0 && performance.now() - since < longest) return Effect.void
  return Effect.async<void>((resume) => {
    const launch = () => resume(Effect.void)
    waiting.push(launch)
    return Effect.sync(() => {
      const index = waiting.indexOf(launch)
      if (index !== -1) waiting.splice(index, 1)
    })
  })
})

const begin = (): number => {
  setImmediate(turned)
  return performance.now()
}

/** One launch a turn, as long as some wait: each may take longer than all of them together should. */
const turned = (): void => {
  const launch = waiting.shift()
  since = launch === undefined ? undefined : begin()
  launch?.()
}
