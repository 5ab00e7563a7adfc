/**
 * Node's own tools, where bytes are carried and not lines.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { Readable } from "node:stream"
import { text } from "node:stream/consumers"
import { pipeline } from "node:stream/promises"
import { setTimeout } from "node:timers/promises"
import { lineText, pieces } from "../data.js"
import { watched } from "../resident.js"
import type { Peer, Seen } from "../Row.js"
import { bytesSeen } from "./counting.js"

/** The pipeline of a shell, which is all that is spawned here: the kernel carries the bytes. */
export const shell: Peer = async ({ zeros }) => {
  const child = spawn("sh", ["-c", 'cat "$0" | cat | wc -c', zeros], { stdio: ["ignore", "pipe", "inherit"] })
  return bytesSeen(Number(await text(child.stdout)))
}

/** Three children, and every byte read and written between them. */
export const piped: Peer = async ({ zeros }) => {
  const first = spawn("cat", [zeros])
  const second = spawn("cat")
  const third = spawn("wc", ["-c"])
  const [printed] = await Promise.all([
    text(third.stdout),
    pipeline(first.stdout, second.stdin),
    pipeline(second.stdout, third.stdin)
  ])
  return bytesSeen(Number(printed))
}

const fedTo = async (child: ChildProcessWithoutNullStreams, bytes: number): Promise<Seen> => {
  const [printed] = await Promise.all([text(child.stdout), pipeline(Readable.from(pieces(bytes)), child.stdin)])
  return bytesSeen(Number(printed))
}

export const fed: Peer = ({ bytes }) => fedTo(spawn("wc", ["-c"]), bytes)

/** In a session of its own, which Linux schedules as a group of its own. */
export const fedSame: Peer = ({ bytes }) => fedTo(spawn("wc", ["-c"], { detached: true }), bytes)

/** Not as lines: Node's `readline` would want a string of all of it. */
export const endless: Peer = async ({ bytes }) => {
  const { growth, value } = await watched(async () => {
    const child = spawn("head", ["-c", String(bytes), "/dev/zero"])
    let seen = 0
    for await (const chunk of child.stdout as AsyncIterable<Uint8Array>) seen += chunk.length
    return seen
  })
  return { ...bytesSeen(value), memory: growth }
}

export const slow: Peer = async ({ slowLines }) => {
  const { growth, value } = await watched(async () => {
    const child = spawn("yes", [lineText])
    let lines = 0
    let seen = 0
    for await (const line of createInterface({ input: child.stdout })) {
      seen += line.length + 1
      if (++lines === slowLines) break
      await setTimeout(1)
    }
    child.kill()
    return seen
  })
  return { ...bytesSeen(value), memory: growth }
}
