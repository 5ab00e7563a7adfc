/**
 * Whether a chunk of bytes is plain text: printable ASCII, tabs and newlines. Four bytes at a time, because it is asked
 * of every byte that is relayed, and a regular expression takes longer for it than all the rest of the relay.
 */
const tab = 0x09
const newline = 0x0a

export const isPlain = (bytes: Uint8Array): boolean => {
  let i = 0
  // A view of words must begin at a multiple of four.
  const aligned = Math.min(bytes.length, (4 - (bytes.byteOffset & 3)) & 3)
  for (; i < aligned; i++) if (!isPlainByte(bytes[i] as number)) return false
  if (i === bytes.length) return true
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + i, (bytes.length - i) >> 2)
  for (let w = 0; w < words.length; w++) {
    const word = words[w] as number
    // The high bit of a byte of `odd` is set where that byte is under 0x20, is 0x7f, or has its own high bit set.
    const odd = ((word - 0x20202020) | (word + 0x01010101) | word) & 0x80808080
    if (odd !== 0) {
      const at = i + w * 4
      // A borrow or a carry may have marked a neighbour, and newlines are under 0x20 too: look at each of the four.
      for (let k = at; k < at + 4; k++) if (!isPlainByte(bytes[k] as number)) return false
    }
  }
  for (i += words.length * 4; i < bytes.length; i++) if (!isPlainByte(bytes[i] as number)) return false
  return true
}

const isPlainByte = (byte: number): boolean => (byte >= 0x20 ? byte < 0x7f : byte === tab || byte === newline)
