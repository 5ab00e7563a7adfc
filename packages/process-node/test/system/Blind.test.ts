/**
 * Hosts that cannot have the default level: without `/proc`, with that of another pid namespace, without `/bin/sh`.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { program } from "../support/hosts.js"
import { newMark } from "../support/mortals.js"
import { marked, waitUntil } from "../support/os.js"
import { ran } from "../support/ran.js"
import { withRuntimeDirectory } from "../support/runtime.js"

const blinded = (unshare: ReadonlyArray<string>, before: string) => async (deed: string, mark: string) => {
  const words = [...unshare, "sh", "-c", `${before}exec "$@"`, "sh", process.execPath, program("blind.mjs"), deed]
  const { stderr, stdout } = await withRuntimeDirectory((env) =>
    ran("unshare", words, { env: { ...env, TEST_MARK: mark, NO_COLOR: "1" } })
  )
  // The logger escapes quotes.
  return `${stdout}${stderr}`.replaceAll(`\\"`, `"`)
}

const withoutProc = blinded(["--mount"], "mount -t tmpfs tmpfs /proc && ")
const firstWithoutProc = blinded(["--mount", "--pid", "--fork"], "mount -t tmpfs tmpfs /proc && ")
const firstWithForeignProc = blinded(["--pid", "--fork"], "")
const withoutShell = blinded(["--mount"], `mount --bind /dev/null "$(readlink -f /bin/sh)" && `)

const mayUnshare = spawnSync("unshare", ["--mount", "--pid", "--fork", "true"]).status === 0
if (!mayUnshare) console.log("skipped: hosts that see no processes, because unshare is not permitted")

const count = (text: string, what: string): number => text.split(what).length - 1
const lower = `children are contained at level "group" and not "tree"`

describe.skipIf(!mayUnshare)("a host without /proc", () => {
  it.live("leaves nothing in the groups of its children when it is killed", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const output = yield* Effect.promise(() => withoutProc("die", mark))
      expect(output).toContain("up")
      yield* waitUntil("all are gone", () => marked(mark).length === 0)
    })
  )

  it("warns of the level that it gives, once, and refuses a higher one that is asked for", async () => {
    const output = await withoutProc("levels", newMark())
    const why = "cannot be had: the environment of other processes cannot be read: /proc cannot be read"
    expect(output).toContain("group: group\n")
    expect(output).toContain(`tree: Unsupported: containment "tree" ${why} (mount -t proc proc /proc). Ask for "group"`)
    expect(output).toMatch(/^cgroup: Unsupported: containment "cgroup" cannot be had: .* Ask for "group"/m)
    expect(count(output, "default: group")).toBe(2)
    expect(count(output, `${lower}: /proc cannot be read`)).toBe(1)
  })

  it("takes no zombies for survivors where it is the first process of a container", async () => {
    expect(await firstWithoutProc("leftovers", newMark())).toContain("left: []")
  })
})

describe.skipIf(!mayUnshare)("a host that is the first process of a namespace, with the /proc of another", () => {
  it("takes no zombies for survivors, and names what was left", async () => {
    expect(await firstWithForeignProc("leftovers", newMark())).toContain(`left: ["sleep 61"]`)
  })

  it("warns of the level that it gives, once", async () => {
    const output = await firstWithForeignProc("levels", newMark())
    expect(count(output, "default: group")).toBe(2)
    expect(count(output, `${lower}: /proc shows another pid namespace than ours`)).toBe(1)
  })
})

describe.skipIf(!mayUnshare)("a host without /bin/sh", () => {
  it("refuses a level that is asked for, and warns once that the default has no reaper", async () => {
    const output = await withoutShell("levels", newMark())
    const problem = "cannot be had: no reaper could be started with /bin/sh"
    for (const level of ["group", "tree"])
      expect(output).toContain(`${level}: Unsupported: containment "${level}" ${problem}`)
    expect(count(output, "default: tree")).toBe(2)
    expect(count(output, "no reaper could be started with /bin/sh: if this program is killed")).toBe(1)
  })
})
