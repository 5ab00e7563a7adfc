/**
 * Whether a reaper could do its work here: a shell that starts, and tools that find a process by its cookie.
 */
import * as TreeCookie from "@tether/host/TreeCookie"
import * as Effect from "effect/Effect"
import { codeOf } from "./failure.js"
import type { Host } from "./host.js"
import { nodeSpawn } from "./nodeSpawn.js"
import { toolPath } from "./reaper.js"

// As in `find_pids` of the reaper's script: first on Linux, then on macOS. No host has a cookie like this one.
const trial = `
if [ -r /proc/self/stat ]; then
  grep -lszE '^TETHER_TREE=/trial$' "/proc/$$/environ"
else
  ps -ww -o pid= -p "$$" && echo | grep -E '^$'
fi
`

/** Why there is no reaper, or undefined where there is one. */
export const reaperProblem = (host: Host): Effect.Effect<string | undefined> => {
  // Without a name it ends groups, and looks for nothing.
  const script = host.name === undefined ? "echo yes" : trial
  return Effect.async((resume) => {
    const tell = (problem: string | undefined) => resume(Effect.succeed(problem))
    const cannotStart = (error: unknown) => tell(`/bin/sh cannot be started (${codeOf(error) ?? "unknown"})`)
    try {
      const env = { PATH: toolPath(), [TreeCookie.variable]: "/trial" }
      const stdio = ["ignore", "pipe", "ignore"] as const
      const shell = nodeSpawn("/bin/sh", ["-c", script], { cwd: "/", timeout: 5000, env, stdio })
      let answer = ""
      shell.stdout?.on("data", (chunk) => {
        answer += String(chunk)
      })
      shell.once("error", cannotStart)
      shell.once("close", (code) => {
        if (code === 0 && answer.trim() !== "") return tell(undefined)
        return tell("its shell starts, but the tools that it needs are missing or too old (grep with -z)")
      })
    } catch (error) {
      cannotStart(error)
    }
  })
}
