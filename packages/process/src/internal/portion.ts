/**
 * How many lines a consumer is given at once, found by watching how long it takes for them. A slow consumer gets few,
 * so that it is seen to make progress and is not taken for one that has stopped; a fast one gets all there are, and so
 * does one whose time does not depend on how many it gets.
 */
/** Little enough for a consumer that turns slow in the middle of one to be seen again before it is given up. */
const largest = 256

export class Portion {
  size = 1
  private slowest: number | undefined

  /** `patience`: after how many milliseconds without progress a consumer is given up. */
  constructor(private readonly patience: number) {}

  /** The last portion took so many milliseconds. */
  took(millis: number): void {
    const isSlow = millis > this.patience / 4
    // Twice as many lines took no longer: the cost is that of the call, and smaller portions would only add calls.
    const isFixedCost = this.slowest !== undefined && millis < this.slowest * 1.5 && millis < this.patience * 0.4
    if (millis < this.patience / 8 || (isSlow && isFixedCost)) this.size = Math.min(largest, this.size * 2)
    else if (isSlow) this.size = Math.max(1, Math.floor(this.size / 2))
    this.slowest = isSlow ? millis : undefined
  }
}
