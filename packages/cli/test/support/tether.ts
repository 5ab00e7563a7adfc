/**
 * The built command with real children, for tests that look at it from outside.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { constants } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"

export const bin = join(import.meta.dirname, "../../dist/bin.cjs")

/** A program of `test/programs`, bundled. */
export const program = (name: string): string => join(import.meta.dirname, "../../node_modules/.programs", name)

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly process: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Promise<Ended>
}

export interface Options {
  readonly env?: Readonly<Record<string, string>>
  /** Written to its stdin, which ends then. Default: its stdin is empty; with `keep` it stays open for the test. */
  readonly input?: string | Uint8Array | { readonly keep: true }
  /** Leaves stdout to the test. Default: it is collected. */
  readonly ownStdout?: boolean
}

/** Runs a program and collects what it says. It is killed when the test ends, whatever happened. */
export const startProgram = (program: string, args: ReadonlyArray<string>, options: Options = {}): Started => {
  const { NO_COLOR: _, ...inherited } = process.env
  const child = spawn(program, args, {
    env: { ...inherited, ...options.env },
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"]
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  const texts = { stdout: "", stderr: "" }
  for (const name of ["stdout", "stderr"] as const) {
    if (name === "stdout" && options.ownStdout === true) continue
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text
    })
  }
  child.stdin?.on("error", () => undefined)
  if (typeof options.input === "string" || options.input instanceof Uint8Array) child.stdin?.end(options.input)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject)
    // "exit" where the test keeps stdout to itself: "close" waits for its end.
    child.once(options.ownStdout === true ? "exit" : "close", (code, signal) =>
      resolve({ code: code ?? 128 + constants.signals[signal as NodeJS.Signals], ...texts })
    )
  })
  return { process: child, stdout: () => texts.stdout, stderr: () => texts.stderr, ended }
}

export const start = (args: ReadonlyArray<string>, options?: Options): Started =>
  startProgram(process.execPath, [bin, ...args], options)

export const tether = (args: ReadonlyArray<string>, options?: Options): Promise<Ended> => start(args, options).ended

/** Asks until the answer is there. The deadline is for what hangs: a busy machine meets it. */
export const until = async <A>(what: string, ask: () => A | undefined | false): Promise<A> => {
  const deadline = performance.now() + 60_000
  while (true) {
    const answer = ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > deadline) throw new Error(`${what}: not within a minute`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Whether a process lives. A zombie does not. */
export const isAlive = (pid: number): boolean => !/^[ZX]?$/.test(stateOf(pid))

/** As `/proc` has it: `T` for one that is stopped; empty for none. */
export const stateOf = (pid: number): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    return stat.charAt(stat.lastIndexOf(")") + 2)
  } catch {
    return ""
  }
}

export const hasProc = existsSync("/proc/self/stat")
