/**
 * Whoever has asked something over the socket.
 */
export interface Asker {
  readonly isThere: () => boolean
  readonly left: Promise<void>
}
