/**
 * A real terminal for a command line of a shell, by `script` of util-linux.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn, spawnSync } from "node:child_process"
import { waitUntil } from "./os.js"

/** Why there can be none, or undefined where there can. */
export const missing =
  spawnSync("script", ["--version"]).status === 0 && spawnSync("stty", ["--version"]).status === 0
    ? undefined
    : "there is no script(1) or no stty(1) to make a terminal"

export interface Terminal {
  /** All that was written to it. */
  readonly shown: () => string
  readonly shows: (text: string) => Effect.Effect<void>
  readonly type: (text: string) => void
  /** The shell has ended. */
  readonly end: Effect.Effect<void>
}

export const openTerminal = (script: string): Effect.Effect<Terminal, never, Scope.Scope> =>
  Effect.gen(function* () {
    let text = ""
    let hasEnded = false
    const { stdin } = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const child = spawn("script", ["-qfec", script, "/dev/null"], {
          env: { ...process.env, SHELL: "/bin/sh", TERM: "xterm" },
          stdio: ["pipe", "pipe", "inherit"]
        })
        child.stdout.setEncoding("utf8").on("data", (more: string) => {
          text += more
        })
        child.stdin.on("error", () => undefined)
        child.once("close", () => {
          hasEnded = true
        })
        return child
      }),
      // Its end closes the terminal, which ends what runs on it.
      (child) => Effect.sync(() => void child.kill("SIGKILL"))
    )
    return {
      shown: () => text,
      shows: (what) => waitUntil(`the terminal shows "${what}"`, () => text.includes(what)),
      type: (keys) => void stdin.write(keys),
      end: waitUntil("the terminal is closed", () => hasEnded)
    }
  })
