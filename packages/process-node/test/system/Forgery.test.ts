/**
 * Cookies are text: anybody can put on any of them. What a forged one can do is end the process that carries it, if
 * that belongs to the user whose cookie it is, and nothing else.
 */
import { describe, expect, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { program } from "../support/hosts.js"
import { ran } from "../support/ran.js"
import { withRuntimeDirectory } from "../support/runtime.js"

const namespace = ["--pid", "--fork", "--mount-proc", "--kill-child"]
const isRoot = process.getuid?.() === 0

const reasonToSkip = (): string | undefined => {
  if (spawnSync("unshare", [...namespace, "true"]).status !== 0) return "unshare is not permitted"
  return undefined
}
const reason = reasonToSkip()
if (reason !== undefined) console.log(`skipped: forged cookies, hosts and orphans, because ${reason}`)
if (!isRoot) console.log("skipped: processes of other users, because only root can start them")

interface Outcome {
  readonly lives: ReadonlyArray<number>
  readonly logged: ReadonlyArray<string>
  readonly again: ReadonlyArray<string>
}

/** In a pid namespace, because every other program that starts would end the orphans too. */
const play = <A = Outcome>(scenario: string): Promise<A & { readonly records: ReadonlyArray<string> }> =>
  withRuntimeDirectory(async (env, runtime) => {
    const script = `${process.execPath} ${program("forgery.mjs")} ${scenario}; exit`
    const { stderr, stdout } = await ran("unshare", [...namespace, "sh", "-c", script], {
      env: { ...env, TETHER_TREE: "" }
    })
    expect(stderr).toBe("")
    return { ...(JSON.parse(stdout) as A), records: readdirSync(join(runtime, "hosts")) }
  })

describe.skipIf(reason !== undefined)("a forged cookie", () => {
  it("of a host that never lived ends nothing, and nothing is said of it", async () => {
    expect(await play("unknown")).toMatchObject({ lives: [1041, 1042], logged: [] })
  })

  it("of a dead host ends the process that carries it, and none of its group", async () => {
    const { lives, logged } = await play("dead")
    expect(lives).toEqual([1044, 1046])
    expect(logged).toHaveLength(1)
    expect(logged[0]).toMatch(
      /^ended what "node .*keeper\.mjs" \(pid \d+\) left when it was killed together with its reaper, after \d{4}-.*Z: /
    )
    // By name and pid: the arguments are those of another program.
    expect(logged[0]).toMatch(/ \d+ \(sleep\)/)
    expect(logged[0]).not.toMatch(/sleep \d/)
  })

  it.skipIf(!isRoot)("on a setuid program is named in the log, once, and not signalled", async () => {
    const { again, lives, logged } = await play("setuid")
    expect(lives).toEqual([1047])
    expect(logged.join("\n")).toMatch(/did not signal what "node .*" \(pid \d+\) left .*: \d+ \(sleep\)/)
    expect(again).toEqual([])
  })

  it.skipIf(!isRoot)(
    "is looked at by the reaper in the same way, which spares nobody that calls itself a reaper",
    async () => {
      const { lives, logged } = await play("reaper")
      // 1033 and 1034 belong to the user that their child was started as. 1048 has left the group and become another
      // user.
      expect(lives).toEqual([1044, 1046, 1047, 1048])
      expect(logged.join("\n")).toMatch(/did not signal what .* left when it was killed at \d{4}-.*: \d+ \(sleep\)/)
    }
  )
})

const noTime = spawnSync("unshare", ["--time", "--boottime", "1", "--fork", "true"]).status !== 0
if (noTime) console.log("skipped: hosts in another time namespace, because unshare --time is not permitted")

describe.skipIf(reason !== undefined)("a host", () => {
  it.skipIf(noTime)("that lives is not taken for dead from another time namespace", async () => {
    expect(await play("time")).toMatchObject({ lives: [1051], logged: [] })
  })

  it.skipIf(!isRoot)("that has become another user is cleaned up behind, also what has left its group", async () => {
    expect(await play("drops")).toMatchObject({ lives: [] })
  })
})

describe.skipIf(reason !== undefined)("orphans", () => {
  it("are ignored, reported or ended as the layer says, and their host is forgotten then", async () => {
    const { afterReport, ended, ignored, records, reported } = await play<{
      readonly ignored: ReadonlyArray<string>
      readonly reported: ReadonlyArray<string>
      readonly afterReport: ReadonlyArray<number>
      readonly ended: ReadonlyArray<string>
    }>("policies")
    expect(ignored).toEqual([])
    expect(reported.join()).toMatch(
      /^found what .* left when it was killed .*: .*\d+ \(sleep\)\. `tether reap` ends it$/
    )
    expect(afterReport).toEqual([1031])
    expect(ended.join()).toMatch(/^ended what .*\(sleep\)$/)
    expect(records).toHaveLength(1)
  })

  it("are not the children of a program that starts below a dead host, and are that program for later starts", async () => {
    expect(await play("below")).toMatchObject({ lives: [1051, 1052] })
  })

  it("are not the program that looks for them, also if it lost its cookie below an orphan", async () => {
    expect(await play("belowWithoutCookie")).toMatchObject({ lives: [1051] })
  })
})
