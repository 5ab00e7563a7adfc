/**
 * execa. Written with `async` and `await`, as its users write it: a peer in our style would not be the peer.
 */
import { execa } from "execa"
import { Readable } from "node:stream"
import { pieces } from "../data.js"
import { family } from "../programs.js"
import type { Peer } from "../Row.js"
import { closing } from "./closing.js"
import { bytesSeen, LineCounter, spawnsSeen } from "./counting.js"

/**
 * Without its buffer, as its guide advises for large outputs: with it, a child that prints more than 100 MB is ended.
 */
export const lines: Peer = async ({ file }) => {
  const counter = new LineCounter()
  for await (const line of execa("cat", [file], { buffer: false })) counter.take(line)
  return counter.seen
}

export const spawn: Peer = async ({ spawns }) => {
  for (let i = 0; i < spawns; i++) await execa("/bin/true")
  return spawnsSeen(spawns)
}

/** `cleanup` is what it does by default: it ends its children when the program exits. */
export const keep = (children: number): void => {
  for (let i = 0; i < children; i++) void execa("sh", ["-c", family], { cleanup: true, stdin: "ignore", reject: false })
}

export const close: Peer = closing((count, script, env) => {
  const children = Array.from({ length: count }, () =>
    execa("sh", ["-c", script], { env, stdin: "ignore", stdout: "ignore", stderr: "ignore", reject: false })
  )
  return Promise.resolve(() => {
    for (const child of children) child.kill()
    return Promise.all(children)
  })
})

export const fed: Peer = async ({ bytes }) => {
  const { stdout } = await execa("wc", ["-c"], { input: Readable.from(pieces(bytes)) })
  return bytesSeen(Number(stdout))
}
