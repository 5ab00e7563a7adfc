/**
 * Time of this program without the times in which it stood still: stopped by a signal, or with an event loop that did
 * not turn. When that began can be known only by a timer that is due often; one runs while anything sleeps here, or has
 * just asked for the time.
 */
import * as Effect from "effect/Effect"

/** How often the loop shows that it turns, in milliseconds: so much of a standstill may count as time. */
const beatEvery = 100

/** How late a timer may be, in milliseconds, before it shows a standstill and not a busy loop. */
const tolerance = 500

/** The longest time of a timer. */
const longest = 2 ** 31 - 1

// As they are when this is loaded. A test may put fakes in their place for a while: real processes need real time, and
// a beat that is lost with the fakes would never come again.
const { clearTimeout, setTimeout } = globalThis
const { clearImmediate, setImmediate } = globalThis as Immediates
const monotonic = performance.now.bind(performance)

interface Immediates {
  readonly setImmediate?: (callback: () => void) => unknown
  readonly clearImmediate?: (immediate: unknown) => void
}

/** Milliseconds of all standstills. */
let stoodStill = 0
/** When the next sign is due. */
let due = 0
let isBeating = false
let sleepers = 0
/** The time was asked for since the last sign: a sleep that is to be compared with it may follow. */
let wasAsked = false

const beat = (): void => {
  isBeating = sleepers > 0 || wasAsked
  if (!isBeating) return
  now()
  wasAsked = false
  schedule()
}

/** It keeps no program alive: what sleeps does. */
const schedule = (): void => {
  const timer: unknown = setTimeout(beat, beatEvery)
  if (typeof timer === "object") (timer as { readonly unref: () => void }).unref()
}

/** Milliseconds since some moment, without those of standstills that came since it was last asked for. */
export const now = (): number => {
  const at = monotonic()
  wasAsked = true
  if (!isBeating) {
    isBeating = true
    due = at + beatEvery
    schedule()
  } else if (at >= due) {
    if (at - due > tolerance) stoodStill += at - due
    due = at + beatEvery
  }
  return at - stoodStill
}

/** Runs the callback after a turn of the event loop, in which input is read and ends of processes are seen. */
const afterTurn = (callback: () => void): (() => void) => {
  if (setImmediate === undefined || clearImmediate === undefined) {
    const timer = setTimeout(callback, 0)
    return () => clearTimeout(timer)
  }
  const immediate = setImmediate(callback)
  return () => clearImmediate(immediate)
}

/** Sleeps for so many milliseconds of this time, and then for a turn of the event loop. */
export const sleep = (millis: number): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const end = now() + millis
    sleepers++
    let cancel: () => void
    const arm = (left: number) => {
      const timer = setTimeout(fired, Math.min(Math.ceil(left), longest))
      cancel = () => clearTimeout(timer)
    }
    const fired = () => {
      const left = end - now()
      // A timer may fire a fraction of a millisecond early.
      if (left >= 1) arm(left)
      else cancel = afterTurn(done)
    }
    const done = () => {
      sleepers--
      resume(Effect.void)
    }
    arm(millis)
    return Effect.sync(() => {
      cancel()
      sleepers--
    })
  })
