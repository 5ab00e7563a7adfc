/**
 * A value that comes later.
 */
class Deferred<A> {
  readonly promise: Promise<A>
  /** What it is by now. */
  value: A | undefined
  private settle: (value: A) => void = () => {}

  constructor() {
    this.promise = new Promise((resolve) => {
      this.settle = resolve
    })
  }

  /** The first one counts. */
  resolve(value: A): void {
    this.value ??= value
    this.settle(value)
  }
}

export = Deferred
