/**
 * How late the event loop is at its turn, because something holds it up.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */
import { monitorEventLoopDelay } from "node:perf_hooks"

/** In milliseconds. A timer that is on time comes after so long, and that is no delay. */
const resolution = 1

/** The result, and a delay in milliseconds that 99 of 100 turns did not exceed. */
export const delayed = async <A>(run: () => Promise<A>): Promise<{ readonly value: A; readonly delay: number }> => {
  const histogram = monitorEventLoopDelay({ resolution })
  histogram.enable()
  try {
    const value = await run()
    return { value, delay: Math.max(0, histogram.percentile(99) / 1e6 - resolution) }
  } finally {
    histogram.disable()
  }
}
