import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { buildOrExit } from "./build.mjs"
import { exitCode, root } from "./lib/run.mjs"
import { setup } from "./setup.mjs"

await setup()
await buildOrExit()

const child = spawn(process.execPath, ["--import", "tsx", "examples/dev-stack.ts", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit"
})
child.on("exit", (code, signal) => process.exit(exitCode(code, signal)))

process.on("SIGTERM", () => child.kill("SIGTERM"))
process.on("SIGINT", () => {
  // Ctrl-C reaches the child from the terminal; sent on, it would look like a second Ctrl-C.
  if (!ownsTerminal()) child.kill("SIGINT")
})

/** Whether this process group is the terminal's foreground job: the one Ctrl-C is sent to. */
function ownsTerminal() {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8")
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return group === foreground
  } catch {
    return process.stdin.isTTY || process.stdout.isTTY
  }
}
