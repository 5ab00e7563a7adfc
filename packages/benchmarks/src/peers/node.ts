/**
 * Node's own tools. Written with `async` and `await`, as its users write it: a peer in our style would not be the peer.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { greeting, silent } from "../programs.js"
import type { Peer } from "../Row.js"
import { closing, type Open } from "./closing.js"
import { LineCounter, spawnsSeen } from "./counting.js"
import { idling } from "./idling.js"

const closed = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    child.on("error", reject)
    child.on("close", () => resolve())
  })

/** What the producer and the pipe can do: no peer is faster, and none should be near. */
export const producer: Peer = async ({ file, lines }) => {
  const child = spawn("cat", [file])
  let bytes = 0
  child.stdout.on("data", (chunk: Uint8Array) => {
    bytes += chunk.length
  })
  await closed(child)
  return { lines, characters: bytes - lines, spawns: 0 }
}

export const raw: Peer = async ({ file }) => {
  const counter = new LineCounter()
  const child = spawn("cat", [file])
  let carry = ""
  child.stdout.setEncoding("utf8")
  child.stdout.on("data", (text: string) => {
    const lines = (carry + text).split("\n")
    carry = lines.pop() as string
    for (const line of lines) counter.take(line)
  })
  await closed(child)
  if (carry !== "") counter.take(carry)
  return counter.seen
}

export const readline: Peer = async ({ file }) => {
  const counter = new LineCounter()
  const child = spawn("cat", [file])
  createInterface({ input: child.stdout }).on("line", (line) => counter.take(line))
  await closed(child)
  return counter.seen
}

/** As most people write it: three pipes, of which nobody reads any. */
export const spawnRaw: Peer = async ({ spawns }) => {
  for (let i = 0; i < spawns; i++) await closed(spawn("/bin/true"))
  return spawnsSeen(spawns)
}

/** With what tether asks of the system: its own session, /dev/null as stdin, and both outputs read. */
export const spawnSame: Peer = async ({ spawns }) => {
  for (let i = 0; i < spawns; i++) {
    const child = spawn("/bin/true", { detached: true, stdio: ["ignore", "pipe", "pipe"] })
    child.stdout.on("data", () => undefined)
    child.stderr.on("data", () => undefined)
    await closed(child)
  }
  return spawnsSeen(spawns)
}

/** A signal to each group, and then each one's end: what the machine itself takes. */
export const close: Peer = closing((count, script, env) => {
  const children = Array.from({ length: count }, () =>
    spawn("sh", ["-c", script], { env: { ...process.env, ...env }, detached: true, stdio: "ignore" })
  )
  const ended = children.map(closed)
  return Promise.resolve(() => {
    for (const { pid } of children) process.kill(-(pid as number), "SIGTERM")
    return Promise.all(ended)
  })
})

/** Both outputs are read, and dropped. */
const openRead: Open = (count, script, env) => {
  const children = Array.from({ length: count }, () =>
    spawn("sh", ["-c", script], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] })
  )
  const ended = children.map(closed)
  for (const child of children) for (const pipe of [child.stdout, child.stderr]) pipe.on("data", () => undefined)
  return Promise.resolve(() => {
    for (const child of children) child.kill()
    return Promise.all(ended)
  })
}

export const idle: Peer = idling(openRead, silent)
export const idleGreeted: Peer = idling(openRead, greeting)
