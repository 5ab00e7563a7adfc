/**
 * What was written, as far as it is worth keeping.
 */
export interface Record {
  readonly add: (bytes: Uint8Array) => void
  readonly text: string
}

/** The first so many bytes. */
export const recordUpTo = (most: number): Record => {
  const parts: Array<Uint8Array> = []
  let size = 0
  return {
    add: (bytes) => {
      const part = bytes.slice(0, most - size)
      size += part.length
      if (part.length > 0) parts.push(part)
    },
    get text() {
      return Buffer.concat(parts).toString("utf8")
    }
  }
}
