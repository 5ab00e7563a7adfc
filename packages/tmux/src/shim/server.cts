/**
 * The tmux server, of which the shim is a child.
 */
import processes = require("./processes.cjs")
import type { ShimProcess } from "../internal/shimProtocol.js" with { "resolution-mode": "import" }

/** As early as can be: whoever has this pid later is another. */
const parent = process.ppid
const parentIdentity = processes.identityOf(parent)

interface Server {
  readonly identity: ShimProcess | undefined
  /** Judged by what it was, and not by whether something answers on its socket. */
  readonly hasEnded: () => boolean
  /** In bytes, as of late. */
  readonly memory: () => number | undefined
}

/** Between two looks at its memory, in milliseconds. */
const memoryPause = 30_000

const make = (told: ShimProcess | undefined): Server => {
  const identity = told ?? parentIdentity
  let memory = identity && processes.memoryOf(identity.pid)
  const look = (): void => {
    if (identity !== undefined && processes.isAlive(identity)) memory = processes.memoryOf(identity.pid) ?? memory
  }
  setInterval(look, memoryPause).unref()
  return { identity, memory: () => memory, hasEnded: () => hasEnded(identity) }
}

/**
 * The child of one that has ended has another parent, on every system. One that is killed closes its terminals before
 * that; how much later it is gone, nothing bounds on a busy machine. Linux tells that it ends.
 */
const hasEnded = (identity: ShimProcess | undefined): boolean => {
  if ((identity === undefined || identity.pid === parent) && process.ppid !== parent) return true
  return processes.hasProc && identity !== undefined && processes.isEnding(identity)
}

/** A server that ends by itself closes its terminals shortly before. */
const longest = 500

const waitForEnd = (server: Server, done: (hasEnded: boolean) => void): void => {
  const deadline = performance.now() + longest
  const look = (): void => {
    if (server.hasEnded()) done(true)
    else if (performance.now() > deadline) done(false)
    else setTimeout(look, 10)
  }
  look()
}

export = { make, waitForEnd }
