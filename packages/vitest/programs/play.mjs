/**
 * Plays a script as a real process: `node play.mjs '<script as JSON>'`. Its twin in virtual time is
 * src/internal/fake/actor.ts.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readlinkSync, writeSync } from "node:fs"
import { Socket } from "node:net"
import { fileURLToPath } from "node:url"

// Node ignores the one and starts its debugger at the other. Taking a listener away brings back what the system does.
for (const signal of ["SIGPIPE", "SIGUSR1"]) process.on(signal, () => undefined).removeAllListeners(signal)

const never = new Promise(() => setInterval(() => undefined, 2 ** 30))
const numberOf = (stream) => ({ stdin: 0, stdout: 1, stderr: 2 })[stream] ?? Number(stream.slice(2))
const bytesOf = (data) => (typeof data === "string" ? Buffer.from(data) : Buffer.from(data.base64, "base64"))

const linkOf = (descriptor) => {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return undefined
  }
}

/**
 * Whether we were given it. From 3 on there is also what Node has opened for itself, which is no business of the
 * script's: what is no file at all, and pipes of which we have both ends.
 */
const isGiven = (descriptor) => {
  if (descriptor <= 2 || process.platform !== "linux") return true
  const link = linkOf(descriptor)
  if (link === undefined || link.startsWith("anon_inode:")) return false
  return !link.startsWith("pipe:") || readdirSync("/proc/self/fd").filter((each) => linkOf(each) === link).length === 1
}

/** By descriptor; undefined for one that is closed, or was never there. */
const writers = new Map()

/** Through the event loop where that is possible, so that signals are heard while a pipe is full. */
const writerAt = (descriptor) => {
  const kind = fstatSync(descriptor)
  const close = () => vacate(descriptor)
  if (!kind.isSocket() && !kind.isFIFO()) return { write: async (bytes) => void writeSync(descriptor, bytes), close }
  const socket = new Socket({ fd: descriptor, readable: false, writable: true })
  // A broken pipe has been told by SIGPIPE.
  socket.on("error", () => undefined)
  return {
    write: (bytes) => new Promise((resolve) => socket.write(bytes, () => resolve())),
    close: () => destroyed(socket, descriptor)
  }
}

/** Node leaves the first three open. */
const destroyed = async (stream, descriptor) => {
  const closed = stream.closed || once(stream, "close")
  stream.destroy()
  await closed
  if (descriptor <= 2) vacate(descriptor)
}

/** The lowest number that is free is the next one that Node would use, and some of them it does not expect to get. */
const vacate = (descriptor) => {
  closeSync(descriptor)
  openSync("/dev/null", "r+")
}

const writerOf = (descriptor) => {
  if (!writers.has(descriptor)) writers.set(descriptor, isGiven(descriptor) ? writerAt(descriptor) : undefined)
  return writers.get(descriptor)
}

const write = async (stream, bytes) => {
  if (bytes.length > 0) await writerOf(numberOf(stream))?.write(bytes)
}

const close = async (stream) => {
  const descriptor = numberOf(stream)
  if (descriptor !== 0) {
    const writer = writerOf(descriptor)
    writers.set(descriptor, undefined)
    await writer?.close()
  } else if (input !== ended) {
    input = ended
    await destroyed(process.stdin, 0)
  }
}

const ended = { next: async () => ({ done: true }) }
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

/** Where a process that was left has its channel to us: out of the way of whatever it holds. */
const channel = 300

/** Over when the process is up and reacts to signals. */
const leave = ({ escapes, holds, steps }) => {
  const held = new Set(
    holds
      .map(numberOf)
      .filter((descriptor) => (writers.has(descriptor) ? writers.get(descriptor) !== undefined : isGiven(descriptor)))
  )
  const stdio = Array.from({ length: channel }, (_, descriptor) => (held.has(descriptor) ? descriptor : "ignore"))
  const script = JSON.stringify({ _tag: "Running", steps })
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), script], {
    detached: escapes,
    stdio: [...stdio, "ipc"]
  })
  child.unref()
  return new Promise((resolve) => child.once("message", resolve)).then(() => child.disconnect())
}

const die = async ({ signal }) => {
  if (signal !== "SIGSTOP") process.removeAllListeners(signal)
  // Whatever came while it was stopped is told before this is: on a busy machine not in the next turns.
  const goesOn = signal === "SIGSTOP" ? once(process, "SIGCONT") : undefined
  process.kill(process.pid, signal)
  await goesOn
  if (goesOn !== undefined) await othersRest()
  // It may have been stopped: what has come meanwhile is heard in the next turns. Not every signal ends a process.
  for (let i = 0; i < 5; i++) await turn()
}

/**
 * Any thread can be the one that takes a signal which ends the process, and others run on until it has its turn: it has
 * had it once it sleeps. Only Linux tells.
 */
const othersRest = async () => {
  const deadline = Date.now() + 1000
  while (process.platform === "linux" && Date.now() < deadline && readdirSync("/proc/self/task").some(isRunnable))
    await wait({ millis: 1 })
}

const isRunnable = (thread) => {
  if (Number(thread) === process.pid) return false
  try {
    return /\) R [^)]*$/.test(readFileSync(`/proc/self/task/${thread}/stat`, "latin1"))
  } catch {
    return false
  }
}

const repeat = async ({ steps, times = Number.POSITIVE_INFINITY }) => {
  for (let round = 0; round < times; round++) {
    await perform(steps)
    await turn()
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

// A timer of Node's counts to no more than this, some 25 days.
const longestTimer = 2 ** 31 - 1

const wait = async ({ millis }) => {
  if (millis === undefined) await never
  for (let left = millis; left >= 0; left -= longestTimer) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, longestTimer)))
  }
}

const doers = {
  Write: async ({ chunks, stream }) => {
    for (const chunk of chunks) await write(stream, bytesOf(chunk))
  },
  Wait: wait,
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
