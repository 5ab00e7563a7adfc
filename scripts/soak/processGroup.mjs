import { spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { exitCode, root } from "../lib/run.mjs"

// After a signal the test command waits for at most 15 s until nothing of its tests is left.
const STOP_TIMEOUT_MS = 25_000

const running = new Set()

/**
 * Starts a program in a process group of its own, its output in a file. `stop` ends the whole group: a script that
 * starts a program with the terminal's streams does not always pass a signal on.
 */
export const startGroup = (command, args, output) => {
  const file = openSync(output, "a")
  // Its stdin ends with this process, also if that is killed.
  const child = spawn(command, args, { cwd: root, detached: true, stdio: ["pipe", file, file] })
  closeSync(file)
  const ended = new Promise((resolve, reject) => {
    child.on("error", reject)
    child.on("exit", (code, signal) => {
      running.delete(group)
      resolve({ code: exitCode(code, signal) })
    })
  })
  const isRunning = () => child.pid > 1 && child.exitCode === null && child.signalCode === null
  const signal = (name) => {
    // Before the exit is seen here, the pid cannot belong to another group.
    if (isRunning()) process.kill(-child.pid, name)
  }
  const stop = async () => {
    signal("SIGTERM")
    const timeout = new AbortController()
    const late = sleep(STOP_TIMEOUT_MS, undefined, { signal: timeout.signal }).then(
      () => signal("SIGKILL"),
      () => undefined
    )
    await ended
    timeout.abort()
    await late
  }
  const group = { ended, stop, hasEnded: () => !isRunning() }
  running.add(group)
  return group
}

/** Ends every group, also one that is started meanwhile. */
export const stopGroups = async () => {
  while (running.size > 0) await Promise.all([...running].map((group) => group.stop()))
}
