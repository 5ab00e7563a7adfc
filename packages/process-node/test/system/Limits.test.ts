/**
 * Refusals that need a limit: they happen in a program of its own, which is given too little.
 */
import { spawnSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { program } from "../support/hosts.js"

const limited = program("limited.mjs")

const reason = (prefix: ReadonlyArray<string>, what: string) => {
  const [command = "", ...args] = [...prefix, process.execPath, limited, what]
  const result = spawnSync(command, args, { encoding: "utf8", timeout: 100_000 })
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
  it("is told ResourceExhausted when no descriptor is left", () => {
    expect(reason([], "descriptors")).toBe("ResourceExhausted EMFILE")
  })

  it("leaves no descriptor open by a start for which too few are left", () => {
    const { left, results } = JSON.parse(reason([], "few").split("\n").at(-1) ?? "")
    expect(left).toEqual([])
    expect(results).toEqual(["ResourceExhausted EMFILE", "started"])
  })

  it("still ends what a child left, when no descriptor is left to look at it", () => {
    expect(reason([], "leftovers")).toContain("nothing left")
  })

  it("is told ResourceExhausted when no process may be made", (context) => {
    if (cannotBeAnother !== undefined) {
      console.log(`skipped: ${cannotBeAnother}`)
      return context.skip()
    }
    expect(reason(another, "processes")).toBe("ResourceExhausted EAGAIN")
  })

  it("is told PermissionDenied when it may not become another user", (context) => {
    if (cannotBeAnother !== undefined) {
      console.log(`skipped: ${cannotBeAnother}`)
      return context.skip()
    }
    expect(reason(another, "user")).toBe("PermissionDenied EPERM")
  })
})
