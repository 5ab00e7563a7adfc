/**
 * A pid or group id that is somebody else's by now is never signalled. In a pid namespace of so few pids that they come
 * round within a second.
 */
import { describe, expect, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { release } from "node:os"
import { program } from "../support/hosts.js"
import { ran } from "../support/ran.js"
import { withRuntimeDirectory } from "../support/runtime.js"

const namespace = ["--pid", "--fork", "--mount-proc"]
const [major = 0, minor = 0] = release().split(".").map(Number)

const reasonToSkip = (): string | undefined => {
  // Before, there is one pid_max for the whole machine, which is not ours to change.
  if (major < 6 || (major === 6 && minor < 14)) return `Linux ${release()} has no pid_max for a namespace: 6.14 has`
  if (spawnSync("unshare", [...namespace, "true"]).status !== 0) return "unshare is not permitted"
  return undefined
}
const reason = reasonToSkip()
if (reason !== undefined) console.log(`reuse of pids is not tested here: ${reason}`)

describe.skipIf(reason !== undefined)("a pid that was given to somebody else", () => {
  it.each(["handle", "reaper"])("is not signalled by way of the %s of the child that had it", async (way) => {
    // Those up to 300 are not given out a second time.
    const few = "echo 420 > /proc/sys/kernel/pid_max && echo 300 > /proc/sys/kernel/ns_last_pid"
    const script = `${few} && ${process.execPath} ${program("stranger.mjs")} ${way}; true`
    const { stderr, stdout } = await withRuntimeDirectory((env) =>
      ran("unshare", [...namespace, "sh", "-c", script], { env })
    )
    expect(stderr).toBe("")
    expect(JSON.parse(stdout)).toEqual({ told: false, lives: true })
  })
})
