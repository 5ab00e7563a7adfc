// A run whose processes stop answering one another names none of them ("Timeout calling onTaskUpdate", after a minute).
// Each says for itself when its event loop has stood still, and during what.

const EVERY_MS = 1_000
const NOTABLE_MS = 15_000

/** Watches the event loop of this process, once, however often it is called. */
export const watchStandstill = (name, current = () => "") => {
  const known = Symbol.for("tether/standstill")
  if (globalThis[known] !== undefined) return
  let last = performance.now()
  globalThis[known] = setInterval(() => {
    const now = performance.now()
    const seconds = ((now - last) / 1000).toFixed(0)
    if (now - last > NOTABLE_MS)
      console.error(
        `${name} (pid ${process.pid}) stood still for ${seconds} s until ${new Date().toISOString()}${current()}`
      )
    last = now
  }, EVERY_MS)
  globalThis[known].unref()
}
