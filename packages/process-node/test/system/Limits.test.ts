/**
 * Refusals that need a limit: they happen in a program of its own, which is given too little.
 */
import { spawnSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { program } from "../support/hosts.js"
import { ran } from "../support/ran.js"

const limited = program("limited.mjs")

const reason = async (prefix: ReadonlyArray<string>, what: string) => {
  const [command = "", ...args] = [...prefix, process.execPath, limited, what]
  const result = await ran(command, args)
  return result.stdout.trim() === "" ? `nothing, but ${result.stderr}` : result.stdout.trim()
}

const another = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
const cannotBeAnother =
  process.getuid?.() !== 0
    ? "only root can become another user"
    : spawnSync(another[0] as string, [...another.slice(1), process.execPath, "--check", limited]).status !== 0
      ? "another user may not read this checkout, or there is no setpriv"
      : undefined

describe("a program at its limits", () => {
  it("is told ResourceExhausted when no descriptor is left", async () => {
    expect(await reason([], "descriptors")).toBe("ResourceExhausted EMFILE")
  })

  it("leaves no descriptor open by a start for which too few are left", async () => {
    const { left, results } = JSON.parse((await reason([], "few")).split("\n").at(-1) ?? "")
    expect(left).toEqual([])
    expect(results).toEqual(["ResourceExhausted EMFILE", "started"])
  })

  it("still ends what a child left, when no descriptor is left to look at it", async () => {
    expect(await reason([], "leftovers")).toContain("nothing left")
  })

  it("is told ResourceExhausted when no process may be made", async (context) => {
    if (cannotBeAnother !== undefined) {
      console.log(`skipped: ${cannotBeAnother}`)
      return context.skip()
    }
    expect(await reason(another, "processes")).toBe("ResourceExhausted EAGAIN")
  })

  it("is told PermissionDenied when it may not become another user", async (context) => {
    if (cannotBeAnother !== undefined) {
      console.log(`skipped: ${cannotBeAnother}`)
      return context.skip()
    }
    expect(await reason(another, "user")).toBe("PermissionDenied EPERM")
  })
})
