/**
 * What is alive on the heap of this process. Buffers are beside it, and are not counted.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { later } from "./oracle.js"

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

/** In KiB, once what has just ended has let go of what it held, and everything is collected that can be. */
export const heapInUse = async (): Promise<number> => {
  for (let i = 0; i < 3; i++) {
    await later(100)
    collect()
  }
  return process.memoryUsage().heapUsed / 1024
}
