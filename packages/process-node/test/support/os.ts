/**
 * What the operating system says, asked without any of the code under test.
 */
import { survivorsOf } from "@tether/vitest/Survivors"
import * as WaitUntil from "@tether/vitest/WaitUntil"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync, readlinkSync } from "node:fs"

export const stateOf = (pid: number): string | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8")
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[0]
  } catch {
    return undefined
  }
}

/** Whether a process runs: a zombie does not. */
export const isAlive = (pid: number): boolean => {
  const state = stateOf(pid)
  return state !== undefined && state !== "Z" && state !== "X"
}

/** The processes that carry this mark in their environment. */
export const marked = (mark: string): ReadonlyArray<number> =>
  Effect.runSync(survivorsOf(`TEST_MARK=${mark}`)).map((survivor) => survivor.pid)

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

/**
 * For a script of a shell: waits until this process is a `sleep`. Right after a fork it is still the shell, under the
 * shell's name and in the shell's session.
 */
export const untilAsleep = (pid = "$!"): string =>
  `until read -r name 2>/dev/null </proc/${pid}/comm && [ "$name" = sleep ]; do sleep 0.01; done`

/** Checks `holds` until it is true. The deadline is for what hangs: a busy machine meets it. */
export const waitUntil = (what: string, holds: () => boolean): Effect.Effect<void> =>
  Effect.asVoid(WaitUntil.waitUntil(Effect.sync(holds), { what, within: "1 minute" }))

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
