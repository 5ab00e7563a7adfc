/**
 * Room for the event loop between launches. A spawn keeps the loop for milliseconds, and many in a row would keep
 * signals, timers and output waiting for seconds.
 */
import * as Effect from "effect/Effect"
import { monotonic, setImmediate } from "./realTime.js"

/** How long launches may keep an idle loop before it turns, in milliseconds. */
const shortest = 10

/** When the launches of this turn of the loop began, and how long they may take. */
let since: number | undefined
let budget = shortest
const waiting: Array<() => void> = []

/**
 * Waits for a turn of the loop where launches have kept it for some 10 ms, or for as long as all else did in the last
 * turn. The first to wait launches first.
 */
export const giveWay: Effect.Effect<void> = Effect.suspend(() => {
  since ??= begin()
  if (waiting.length === 0 && monotonic() - since < budget) return Effect.void
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
  return monotonic()
}

/** When the launches of the last turn were done. */
let doneAt = 0

const turned = (): void => {
  if (waiting.length === 0) {
    since = undefined
    budget = shortest
    doneAt = 0
    return
  }
  since = begin()
  // Where all else keeps the loop for longer, a launch a turn would starve those that start children.
  budget = doneAt === 0 ? shortest : Math.max(shortest, since - doneAt)
  launchNext()
}

/** One after the other: a resumed fiber launches in the microtask before the next. */
const launchNext = (): void => {
  doneAt = monotonic()
  if (since === undefined || doneAt - since >= budget) return
  const launch = waiting.shift()
  if (launch === undefined) return
  launch()
  queueMicrotask(launchNext)
}
