/**
 * Timers and a clock as Node has them. A test may put fakes in the place of the global ones for a while: real processes
 * need real time, and what waits for a timer that is lost with the fakes would wait for ever.
 */
export { clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } from "node:timers"

/** Milliseconds since some moment. */
export const monotonic: () => number = performance.now.bind(performance)
