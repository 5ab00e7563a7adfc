/**
 * Pipes with two ends that can be given to children. Node has none to give: what it makes for a child is a pair of
 * sockets, of which we keep one, and which a program cannot open again by its name in /dev/fd. So another program makes
 * them, and we open what it has made.
 */
import type { LaunchFailure } from "@tether/process/ChildDriver"
import * as Effect from "effect/Effect"
import type { ChildProcess } from "node:child_process"
import { chmodSync, constants, closeSync, mkdtempSync, openSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { codeOf, isExhausted } from "./failure.js"
import { closeAll, openBoth, type Pipe } from "./handle.js"
import { nodeSpawn } from "./nodeSpawn.js"
import * as procfs from "./procfs.js"
import { clearTimeout, setTimeout } from "./realTime.js"

/** How long a program that makes pipes may take, in milliseconds. It takes a few. */
const patience = 5000

const none: ReadonlyArray<Pipe> = []

/** So many of them. Nothing of them is left in the file system, and whoever made them has ended. */
export const makePipes = (count: number): Effect.Effect<ReadonlyArray<Pipe>, LaunchFailure> => {
  if (count === 0) return Effect.succeed(none)
  return procfs.view() === "own" ? ofShell(count) : ofFifos(count)
}

/**
 * On Linux a shell makes them: in `: | { … }` it is what the braces read. Each pair of braces keeps its pipe at 8,
 * tells its pid, and holds what is in it; the innermost waits for the end of its input, ours. Their descriptors can be
 * opened from here, in either direction. A FIFO would do as well, but for one thing: who opens one again when the other
 * end has gone waits for ever, and `cat /dev/stdin` behind a quick `echo` does just that.
 */
const ofShell = (count: number): Effect.Effect<ReadonlyArray<Pipe>, LaunchFailure> =>
  Effect.async((resume) => {
    const pipes: Array<Pipe> = []
    let told = ""
    let problem: unknown
    let shell: ChildProcess
    try {
      // Its own session: a Ctrl-C is not for it.
      shell = nodeSpawn("/bin/sh", ["-c", `exec 9<&0; ${braces(count)}`], {
        stdio: ["pipe", "pipe", "ignore"],
        detached: true
      })
    } catch (error) {
      return resume(Effect.fail(failureOf(error)))
    }
    const timer = setTimeout(() => shell.kill("SIGKILL"), patience)
    const end = (error?: unknown) => {
      clearTimeout(timer)
      if (error === undefined && problem === undefined && pipes.length === count) return resume(Effect.succeed(pipes))
      closeAll(pipes)
      resume(Effect.fail(failureOf(error ?? problem)))
    }
    shell.stdin?.on("error", () => undefined)
    shell.stdout?.on("data", (chunk) => {
      told += String(chunk)
      const pids = told.split("\n").slice(0, -1)
      if (pids.length < count) return
      try {
        for (const pid of pids) pipes.push(openBoth(`/proc/${pid}/fd/8`))
      } catch (error) {
        problem = error
      }
      shell.stdin?.end()
    })
    shell.once("error", end)
    shell.once("close", () => end())
  })

const braces = (count: number): string =>
  count === 0 ? "read _ <&9" : `: | { exec 8<&0; read pid _ </proc/self/stat; echo $pid; ${braces(count - 1)}; }`

/** Elsewhere they are FIFOs, in a directory that nobody else may enter, and unlinked once they are open. */
const ofFifos = (count: number): Effect.Effect<ReadonlyArray<Pipe>, LaunchFailure> =>
  Effect.suspend(() => {
    let directory: string
    try {
      directory = mkdtempSync(join(tmpdir(), "tether-fifo-"))
      // The umask may have left nothing of the mode.
      chmodSync(directory, 0o700)
    } catch (error) {
      return Effect.fail(failureOf(error))
    }
    const paths = Array.from({ length: count }, (_, index) => join(directory, String(index)))
    return Effect.flatMap(mkfifo(paths), () => openFifos(paths)).pipe(
      Effect.ensuring(Effect.sync(() => rmSync(directory, { recursive: true, force: true })))
    )
  })

const mkfifo = (paths: ReadonlyArray<string>): Effect.Effect<void, LaunchFailure> =>
  Effect.async((resume) => {
    const refuse = (error?: unknown) => resume(Effect.fail(failureOf(error)))
    try {
      const child = nodeSpawn("mkfifo", ["-m", "600", ...paths], { stdio: [], detached: true, timeout: patience })
      child.once("error", refuse)
      child.once("exit", (code) => (code === 0 ? resume(Effect.void) : refuse()))
    } catch (error) {
      refuse(error)
    }
  })

const openFifos = (paths: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<Pipe>, LaunchFailure> =>
  Effect.suspend(() => {
    const pipes: Array<Pipe> = []
    try {
      for (const path of paths) {
        // Either end waits in `open` for the other. One that is both does not wait, and with it there the two do not
        // either.
        const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
        try {
          pipes.push(openBoth(path))
        } finally {
          closeSync(both)
        }
      }
      return Effect.succeed(pipes)
    } catch (error) {
      closeAll(pipes)
      return Effect.fail(failureOf(error))
    }
  })

const failureOf = (error: unknown): LaunchFailure => {
  const code = codeOf(error)
  if (code === "ENOENT")
    return { reason: "Unsupported", problem: "a pipe needs /bin/sh (on Linux) or mkfifo to be made", code }
  const reason = isExhausted(code) ? "ResourceExhausted" : "Unknown"
  return { reason, problem: "no pipe could be made", code }
}
