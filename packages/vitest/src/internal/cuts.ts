/**
 * A piece of output in the chunks that a reader is to see.
 */

/** `Data` of a script, which imports this. */
type Data = string | Uint8Array

const encoder = new TextEncoder()

export const bytesOf = (data: Data): Uint8Array => (typeof data === "string" ? encoder.encode(data) : data)

export const chunksCutAt = (data: Data, before: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const bytes = bytesOf(data)
  const inside = [...new Set(before)].filter((at) => at > 0 && at < bytes.length).sort((a, b) => a - b)
  return [0, ...inside].map((from, index) => bytes.slice(from, inside[index]))
}

export const singleBytes = (data: Data): ReadonlyArray<Uint8Array> =>
  Array.from(bytesOf(data), (byte) => Uint8Array.of(byte))
