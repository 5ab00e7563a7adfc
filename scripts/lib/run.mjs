import { spawn } from "node:child_process"
import { constants } from "node:os"
import { join } from "node:path"

export const root = join(import.meta.dirname, "../..")

/** The path of a program that the workspace's own devDependencies bring. */
export const tool = (name) => join(root, "node_modules/.bin", name)

export const exitCode = (code, signal) => code ?? 128 + constants.signals[signal]

const running = new Set()

/** Ends whatever `run` has started and not seen the end of. */
export const stopAll = () => {
  for (const child of running) child.kill("SIGTERM")
}

/**
 * Runs a program in the workspace's root, to its end, and answers with its exit code. With `quiet`, its output is
 * collected and not shown; `held` then says that a process it left behind kept that output open.
 */
export const run = (command, args, { quiet = false, env = {}, timeout } = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit",
      timeout,
      killSignal: "SIGKILL"
    })
    running.add(child)
    const chunks = []
    child.stdout?.on("data", (chunk) => chunks.push(chunk))
    child.stderr?.on("data", (chunk) => chunks.push(chunk))

    const finish = (code, signal, held) => {
      running.delete(child)
      child.stdout?.destroy()
      child.stderr?.destroy()
      const timedOut = timeout !== undefined && signal === "SIGKILL"
      resolve({ code: exitCode(code, signal), timedOut, held, output: Buffer.concat(chunks).toString() })
    }
    child.on("error", reject)
    child.on("exit", (code, signal) => setTimeout(finish, 2_000, code, signal, true).unref())
    child.on("close", (code, signal) => finish(code, signal, false))
  })
