/**
 * A hash by which a name is found again: 64-bit FNV-1a over UTF-8, in 16 hexadecimal digits. It is no protection
 * against somebody who looks for a collision.
 */
export const hash = (text: string): string => {
  let value = 0xcbf29ce484222325n
  for (const byte of encoder.encode(text)) value = ((value ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn
  return value.toString(16).padStart(16, "0")
}

const encoder = new TextEncoder()
