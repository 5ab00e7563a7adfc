/**
 * What the operating system says, asked without any of the code under test.
 */
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync, readlinkSync } from "node:fs"

interface Stat {
  readonly pid: number
  readonly state: string
  readonly parent: number
  readonly group: number
  readonly session: number
}

const statOf = (pid: number): Stat | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8")
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
    return {
      pid,
      state: fields[0] ?? "?",
      parent: Number(fields[1]),
      group: Number(fields[2]),
      session: Number(fields[3])
    }
  } catch {
    return undefined
  }
}

const processes = (): ReadonlyArray<Stat> =>
  readdirSync("/proc").map(Number).filter(Number.isInteger).flatMap((pid) => statOf(pid) ?? [])

/** Whether a process runs: a zombie does not. */
export const isAlive = (pid: number): boolean => {
  const stat = statOf(pid)
  return stat !== undefined && stat.state !== "Z" && stat.state !== "X"
}

export const stateOf = (pid: number): string | undefined => statOf(pid)?.state

/** The processes that carry this mark in their environment. */
export const marked = (mark: string): ReadonlyArray<number> =>
  processes().filter((stat) => {
    try {
      return stat.state !== "Z" && readFileSync(`/proc/${stat.pid}/environ`, "utf8").split("\0").includes(`TEST_MARK=${mark}`)
    } catch {
      return false
    }
  }).map((stat) => stat.pid)

/** Zombies whose parent is this process. */
export const zombies = (): ReadonlyArray<number> =>
  processes().filter((stat) => stat.parent === process.pid && stat.state === "Z").map((stat) => stat.pid)

/** What this process's descriptors point at. */
export const descriptors = (): ReadonlyArray<string> =>
  readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`]
    } catch {
      // The one that the listing itself had open.
      return []
    }
  })

export const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length

/** Asks again and again until it holds; after the deadline it says what did not. */
export const waitUntil = (what: string, holds: () => boolean, millis = 10_000): Effect.Effect<void> => {
  const deadline = Date.now() + millis
  const ask: Effect.Effect<void> = Effect.suspend(() => {
    if (holds()) return Effect.void
    if (Date.now() > deadline) return Effect.die(new Error(`not within ${millis} ms: ${what}`))
    return Effect.zipRight(Effect.sleep(5), ask)
  })
  return ask
}

/** The descriptors over 2 that this process hands on to whatever it executes: those without close-on-exec. */
export const inheritable = (): ReadonlyArray<string> =>
  readdirSync("/proc/self/fd").filter((fd) => {
    if (Number(fd) <= 2) return false
    try {
      const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "0"
      return (Number.parseInt(flags, 8) & 0o2000000) === 0
    } catch {
      return false
    }
  })
