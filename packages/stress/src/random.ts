/**
 * Chance that can be had again: the same key gives the same numbers.
 */
export class Random {
  private state: number

  constructor(key: string) {
    this.state = hash(key)
  }

  /** From 0, below 1. This is the generator known as mulberry32. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<A>(all: readonly [A, ...ReadonlyArray<A>]): A {
    return all[Math.floor(this.next() * all.length)] ?? all[0]
  }
}

/** FNV-1a, so that keys that differ by one letter give numbers that have nothing in common. */
const hash = (text: string): number => {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
