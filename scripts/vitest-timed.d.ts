import "vitest"

declare module "vitest" {
  interface Assertion<T> {
    /**
     * Of the timed tests: the median of these milliseconds is at most `bound`, on a machine that is not busy; on others
     * it is more (scripts/vitest-timed.mjs).
     */
    toHaveMedianWithin: (bound: number) => T
  }
}
