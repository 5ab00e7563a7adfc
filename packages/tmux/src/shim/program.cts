/**
 * The program of the pane, as a child of the shim.
 */
import childProcess = require("node:child_process")
import type { ShimConfig, ShimStatus } from "../internal/shimProtocol.js" with { "resolution-mode": "import" }

interface Failure {
  readonly code: string
  readonly message: string
}

interface Listener {
  readonly started: (pid: number) => void
  /** Instead of the others. */
  readonly failed: (failure: Failure) => void
  readonly ended: (status: ShimStatus) => void
}

type Send = (signal: NodeJS.Signals) => void

/** What a terminal says of itself. */
const ofThePane = ["TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "COLORTERM", "TMUX", "TMUX_PANE"]

const environment = ({ env }: ShimConfig): NodeJS.ProcessEnv => {
  const here = ofThePane.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]] as const]
  )
  return { ...env, ...Object.fromEntries(here) }
}

/**
 * In the shim's own session and process group, so that the terminal's signals reach both, and with the terminal's
 * descriptors. libuv gives a child every signal's default and none blocked.
 */
const start = (config: ShimConfig, listener: Listener): Send => {
  try {
    // tmux says of a pane that it is where the shim is; and a directory that is not there is told from a program that
    // is not.
    process.chdir(config.cwd)
    const child = childProcess.spawn(config.program, config.args, { stdio: "inherit", env: environment(config) })
    // Comes for a signal that may not be sent, too, of which there is nothing to say.
    child.on("error", (error) => child.pid === undefined && listener.failed(failureOf(error)))
    child.once("exit", (code, signal) => listener.ended(signal === null ? { code: code ?? 0 } : { signal }))
    if (child.pid !== undefined) listener.started(child.pid)
    return (signal) => void child.kill(signal)
  } catch (error) {
    listener.failed(failureOf(error as NodeJS.ErrnoException))
    return () => {}
  }
}

const failureOf = ({ code = "UNKNOWN", message }: NodeJS.ErrnoException): Failure => ({ code, message })

export = { start }
