/**
 * All peers by name. Every sample loads all of them: `fork` copies the parent's page tables, so that a spawn takes the
 * longer the more memory its parent has, and a peer that had loaded less would win by that.
 */
import * as Execa from "./peers/execa.js"
import * as Node from "./peers/node.js"
import * as Platform from "./peers/platform.js"
import * as Tether from "./peers/tether.js"
import type { Peer } from "./Row.js"

export const peers: Readonly<Record<string, Peer>> = {
  "lines:producer": Node.producer,
  "lines:raw": Node.raw,
  "lines:readline": Node.readline,
  "lines:execa": Execa.lines,
  "lines:platform": Platform.lines,
  "lines:platformChunks": Platform.linesByChunk,
  "lines:tether": Tether.lines,
  "relay:tether": Tether.relay,
  "relay:tetherStream": Tether.stream,
  "spawn:raw": Node.spawnRaw,
  "spawn:rawSame": Node.spawnSame,
  "spawn:execa": Execa.spawn,
  "spawn:platform": Platform.spawn,
  "spawn:tether": Tether.spawn
}
