/**
 * How many lines a consumer is given at once, found by watching how long it took for the last ones. A slow consumer gets
 * few, so that it is seen to make progress and is not taken for one that has stopped; a fast one gets all there are.
 */
const slowMillis = 100
const fastMillis = 20
const smallest = 1
const largest = 1 << 20

export class Portion {
  private size = 64
  private since: number | undefined

  /** The size of the next portion, asked for at this time. */
  next(now: number): number {
    const took = this.since === undefined ? undefined : now - this.since
    if (took !== undefined && took > slowMillis) this.size = Math.max(smallest, Math.floor(this.size / 2))
    if (took !== undefined && took < fastMillis) this.size = Math.min(largest, this.size * 2)
    this.since = now
    return this.size
  }

  /** The consumer waits for lines now: that time is not its own. */
  idle(): void {
    this.since = undefined
  }
}
