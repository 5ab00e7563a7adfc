/**
 * Who lives, asked of `/proc` without any library: processes that carry a mark in their environment. Found once, they
 * are known by their pid and when it was given to them, so that nobody else is looked at or signalled in their place.
 *
 * Promises and no effects: what surrounds a peer must not measure Effect's runtime with it (`Peer` in Row.ts).
 */
import { readdirSync, readFileSync } from "node:fs"
import { Unavailable } from "./Row.js"

export interface Process {
  readonly pid: number
  readonly startTicks: string
  readonly command: string
}

let marks = 0
/** An assignment for the environment, which nobody else has. */
export const newMark = (): string => {
  if (textOf("/proc/self/stat") === undefined) throw new Unavailable("there is no /proc here to see processes in")
  return `TETHER_BENCHMARK=${process.pid}.${++marks}.`
}

/** The environment of this program with a mark in it. */
export const marked = (mark: string): Record<string, string> => {
  const [name = "", value = ""] = mark.split("=")
  return { [name]: value }
}

/** Everything that carries the mark and runs. */
const find = (mark: string): ReadonlyArray<Process> =>
  readdirSync("/proc")
    .map(Number)
    .filter(Number.isInteger)
    .flatMap((pid) => {
      if (textOf(`/proc/${pid}/environ`)?.includes(`${mark}\0`) !== true) return []
      const command = textOf(`/proc/${pid}/cmdline`)?.split("\0").join(" ").trim()
      const startTicks = startOf(pid)
      return command === undefined || startTicks === undefined ? [] : [{ pid, startTicks, command }]
    })

/** A zombie has ended. */
export const isAlive = ({ pid, startTicks }: Process): boolean => startOf(pid) === startTicks

/** Looks every 5 ms for what carries the mark, until it is as it should be. */
export const findUntil = async (
  mark: string,
  isRight: (found: ReadonlyArray<Process>) => boolean
): Promise<ReadonlyArray<Process>> => {
  const deadline = performance.now() + 30_000
  for (;;) {
    const found = find(mark)
    if (isRight(found)) return found
    if (performance.now() > deadline) throw new Error(`after 30 s there are ${found.length} processes with ${mark}`)
    await later(5)
  }
}

/**
 * How many of them live, once none does or the time is over. One is looked at until it has ended, then the next: what
 * has ended does not come back, so that a look costs one small read. They are a millisecond apart.
 */
export const awaitEnd = (processes: ReadonlyArray<Process>, millis: number): number => {
  const deadline = performance.now() + millis
  const waiting = [...processes]
  for (;;) {
    while (waiting.length > 0 && !isAlive(waiting[0] as Process)) waiting.shift()
    if (waiting.length === 0) return 0
    if (performance.now() > deadline) return waiting.filter(isAlive).length
    Atomics.wait(never, 0, 0, 1)
  }
}

/** Ends those that still are who they were, and waits for it. */
export const end = (processes: ReadonlyArray<Process>): void => {
  for (const each of processes.filter(isAlive)) {
    try {
      process.kill(each.pid, "SIGKILL")
    } catch {
      // It has ended meanwhile.
    }
  }
  const left = awaitEnd(processes, 5000)
  if (left > 0) throw new Error(`${left} processes live 5 s after SIGKILL`)
}

export const later = (millis: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, millis))

const never = new Int32Array(new SharedArrayBuffer(4))

/** Undefined for one that has ended. */
const startOf = (pid: number): string | undefined => {
  const text = textOf(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  return /[ZXx]/.test(fields[0] ?? "Z") ? undefined : fields[19]
}

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, "latin1")
  } catch {
    return undefined
  }
}
