/**
 * Plays a script as a real process: `node play.mjs '<script as JSON>'`. Its twin in virtual time is src/internal/fake/actor.ts.
 */
import { spawn } from "node:child_process"
import { closeSync, fstatSync, writeSync } from "node:fs"
import { Socket } from "node:net"
import { fileURLToPath } from "node:url"

// Node ignores the one and starts its debugger at the other. Taking a listener away brings back what the system does.
for (const signal of ["SIGPIPE", "SIGUSR1"]) process.on(signal, () => undefined).removeAllListeners(signal)

const never = new Promise(() => setInterval(() => undefined, 2 ** 30))
const numberOf = (stream) => ({ stdin: 0, stdout: 1, stderr: 2 })[stream] ?? Number(stream.slice(2))
const bytesOf = (data) => typeof data === "string" ? Buffer.from(data) : Buffer.from(data.base64, "base64")

const writers = new Map()

/** Through the event loop where that is possible, so that signals are heard while a pipe is full. */
const writerAt = (descriptor) => {
  const kind = fstatSync(descriptor)
  if (!kind.isSocket() && !kind.isFIFO()) {
    return { write: async (bytes) => void writeSync(descriptor, bytes), close: () => closeSync(descriptor) }
  }
  const socket = new Socket({ fd: descriptor, readable: false, writable: true })
  // A broken pipe has been told by SIGPIPE.
  socket.on("error", () => undefined)
  return {
    write: (bytes) => new Promise((resolve) => socket.write(bytes, () => resolve())),
    close: () => socket.destroy()
  }
}

const write = async (stream, bytes) => {
  const descriptor = numberOf(stream)
  try {
    if (!writers.has(descriptor)) writers.set(descriptor, writerAt(descriptor))
    await writers.get(descriptor)?.write(bytes)
  } catch (error) {
    if (error.code !== "EBADF") throw error
  }
}

const close = (stream) => {
  const descriptor = numberOf(stream)
  if (descriptor === 0) {
    input ??= process.stdin[Symbol.asyncIterator]()
    process.stdin.destroy()
    input = { next: async () => ({ done: true }) }
  } else {
    if (writers.get(descriptor) !== undefined) writers.get(descriptor).close()
    else if (!writers.has(descriptor)) closeSync(descriptor)
    writers.set(descriptor, undefined)
  }
}

let input
let unread = Buffer.alloc(0)

/** The next bytes of stdin; undefined at its end. */
const take = async () => {
  if (unread.length > 0) {
    const bytes = unread
    unread = Buffer.alloc(0)
    return bytes
  }
  input ??= process.stdin[Symbol.asyncIterator]()
  const { done, value } = await input.next().catch(() => ({ done: true }))
  return done ? undefined : value
}

const readLine = async () => {
  let line = Buffer.alloc(0)
  for (;;) {
    const end = line.indexOf(10)
    if (end >= 0) {
      unread = line.subarray(end + 1)
      return line.subarray(0, end).toString()
    }
    const more = await take()
    if (more === undefined) return undefined
    line = Buffer.concat([line, more])
  }
}

const read = async ({ line, until }) => {
  for (;;) {
    const found = until === "line" ? await readLine() : await take()
    if (found === undefined || (until === "line" && (line === undefined || line === found))) return
  }
}

const echo = async () => {
  for (let bytes = await take(); bytes !== undefined; bytes = await take()) await write("stdout", bytes)
}

const react = ({ signal, steps }) => {
  let last = Promise.resolve()
  process.removeAllListeners(signal)
  process.on(signal, () => {
    last = last.then(() => perform(steps))
  })
}

/** Over when the process is up and reacts to signals. */
const leave = ({ escapes, holds, steps }) => {
  const held = new Set(holds.map(numberOf).filter((descriptor) => !writers.has(descriptor) || writers.get(descriptor) !== undefined))
  const size = Math.max(3, ...[...held].map((descriptor) => descriptor + 1))
  const stdio = Array.from({ length: size }, (_, descriptor) => held.has(descriptor) ? descriptor : "ignore")
  const script = JSON.stringify({ _tag: "Running", steps })
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), script], { detached: escapes, stdio: [...stdio, "ipc"] })
  child.unref()
  return new Promise((resolve) => child.once("message", resolve)).then(() => child.disconnect())
}

const die = async ({ signal }) => {
  if (signal !== "SIGSTOP") process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  if (signal !== "SIGSTOP") await never
}

const repeat = async ({ steps, times = Number.POSITIVE_INFINITY }) => {
  for (let round = 0; round < times; round++) {
    await perform(steps)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const doers = {
  Write: async ({ chunks, stream }) => {
    for (const chunk of chunks) await write(stream, bytesOf(chunk))
  },
  Wait: ({ millis }) => millis === undefined ? never : new Promise((resolve) => setTimeout(resolve, millis)),
  Read: read,
  Echo: echo,
  React: react,
  Leave: leave,
  Close: ({ stream }) => close(stream),
  Exit: ({ code }) => process.exit(code),
  Die: die,
  Repeat: repeat
}

const perform = async (steps) => {
  for (const step of steps) await doers[step._tag](step)
}

const { steps } = JSON.parse(process.argv[2])
// Whoever has left it waits until its reactions are there.
if (process.send !== undefined) {
  const reactions = steps.findIndex((step) => step._tag !== "React")
  const first = reactions < 0 ? steps.length : reactions
  await perform(steps.slice(0, first))
  process.send("up")
  process.once("disconnect", () => undefined)
  await perform(steps.slice(first))
} else {
  await perform(steps)
}
process.exit(0)
