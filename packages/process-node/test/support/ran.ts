import { spawn, type SpawnOptions } from "node:child_process"

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program to its end. Other than with `spawnSync`, the worker of the test still answers vitest, which gives up
 * on one that does not for a minute.
 */
export const ran = (binary: string, args: ReadonlyArray<string>, options: SpawnOptions = {}): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"], timeout: 100_000, ...options })
    const texts = { stdout: "", stderr: "" }
    for (const name of ["stdout", "stderr"] as const)
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        texts[name] += text
      })
    child.once("error", reject)
    child.once("close", (status) => resolve({ status, ...texts }))
  })
