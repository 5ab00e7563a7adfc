/**
 * Signals on Windows, which has none: `process.kill` ends one process at once and leaves its descendants. `taskkill /T`
 * goes down the tree by the parents that still live. Nobody has tried it there.
 */
import type { Signal } from "@effect/platform/CommandExecutor"
import { spawn } from "node:child_process"

// What would end a program that does not handle it.
const deadly: ReadonlyArray<Signal> = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGKILL"]

/** The words that carry out a signal; undefined where there is nothing to do. */
export const taskkill = (pid: number, signal: Signal): ReadonlyArray<string> | undefined => {
  if (!deadly.includes(signal)) return undefined
  // Without /F it is a request, which programs without a window do not hear: what comes next in the plan then ends
  // them.
  return ["/PID", String(pid), "/T", ...(signal === "SIGKILL" ? ["/F"] : [])]
}

export const signalTree = (pid: number, signal: Signal): void => {
  const words = taskkill(pid, signal)
  if (words === undefined) return
  const killer = spawn("taskkill", words, { stdio: "ignore", windowsHide: true })
  // Where it cannot be started, the next step of the plan tries again.
  killer.on("error", () => undefined)
  killer.unref()
}
