import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** What tools keep in the temporary directory for their next run, with the reason for each. */
const keptByTools = [
  // tsx: sources that it has compiled, and its socket.
  /^tsx-\d+$/,
  // Node 22 and newer: machine code of programs that ask for it, such as tsc and npm.
  /^node-compile-cache$/
]

/**
 * Paths of what tests have left: each entry of the temporary directory, and each file of the runtime and state
 * directories. The directories in the latter two stay for the next program.
 */
export const remainingFiles = ({ run, state, tmp }) => [
  ...readdirSync(tmp)
    .filter((name) => !keptByTools.some((pattern) => pattern.test(name)))
    .map((name) => join(tmp, name)),
  ...filesIn(run),
  ...filesIn(state)
]

const filesIn = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesIn(path) : [path]
  })

/** Empty where there is no `/proc`. */
export const mountsBelow = (directory) => {
  try {
    return readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[4] ?? "")
      .filter((path) => path.startsWith(`${directory}/`))
  } catch {
    return []
  }
}
