const never = new Int32Array(new SharedArrayBuffer(4))

/** Nothing else happens in this thread meanwhile. For a program that is ending, to which no event comes any more. */
export const nap = (millis: number): void => {
  Atomics.wait(never, 0, 0, millis)
}
