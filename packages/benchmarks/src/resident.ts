/**
 * How the memory of this process grows while something goes on. Between two collections it sways by some 30 MiB,
 * whoever reads: what is looked at are the peaks. The first eighth warms up: compiling, and a heap that finds its size.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */

/** In milliseconds. */
const interval = 100
const warmUp = 1 / 8

/** The result, and by how many MiB the largest size after the warm-up exceeded the largest during it. */
export const watched = async <A>(run: () => Promise<A>): Promise<{ readonly value: A; readonly growth: number }> => {
  const sizes = [residentSize()]
  const timer = setInterval(() => sizes.push(residentSize()), interval)
  try {
    const value = await run()
    sizes.push(residentSize())
    const warm = Math.ceil(sizes.length * warmUp)
    return { value, growth: Math.max(0, Math.max(...sizes.slice(warm)) - Math.max(...sizes.slice(0, warm))) }
  } finally {
    clearInterval(timer)
  }
}

const residentSize = (): number => process.memoryUsage.rss() / 2 ** 20
