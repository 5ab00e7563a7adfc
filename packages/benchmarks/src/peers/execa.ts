/**
 * execa. Written with `async` and `await`, as its users write it: a peer in our style would not be the peer.
 */
import { execa } from "execa"
import type { Peer } from "../Row.js"
import { LineCounter, spawnsSeen } from "./counting.js"

/** Without its buffer, as its guide advises for large outputs: with it, a child that prints more than 100 MB is ended. */
export const lines: Peer = async ({ file }) => {
  const counter = new LineCounter()
  for await (const line of execa("cat", [file], { buffer: false })) counter.take(line)
  return counter.seen
}

export const spawn: Peer = async ({ spawns }) => {
  for (let i = 0; i < spawns; i++) await execa("/bin/true")
  return spawnsSeen(spawns)
}
