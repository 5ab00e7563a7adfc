/**
 * The host is killed by SIGKILL, and nothing of its children is left. How soon, `timed/HostDeath.test.ts` tells.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { commandOf, keeper, kill, program, reaperOf, treeOf } from "../support/hosts.js"
import { newMark, nothingLeft } from "../support/mortals.js"
import { isAlive, marked, waitUntil } from "../support/os.js"
import { ran } from "../support/ran.js"
import { withRuntimeDirectory } from "../support/runtime.js"
import { threeNested, trees, twentyTrees } from "../support/trees.js"

const emptyAfterKillOf = (pid: number, mark: string) =>
  Effect.suspend(() => {
    kill(pid)
    return nothingLeft(mark)
  })

describe("kill -9 of the host ends", () => {
  it.scopedLive.each(Object.entries(trees))("%s", ([, tree]) =>
    Effect.gen(function* () {
      const mark = newMark()
      const host = yield* keeper(mark, [tree])
      expect(marked(mark).length).toBeGreaterThan(1)
      yield* emptyAfterKillOf(host.pid, mark)
    })
  )

  it.scopedLive("20 trees at once", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const host = yield* keeper(mark, twentyTrees)
      yield* emptyAfterKillOf(host.pid, mark)
    })
  )

  it.scopedLive("all the same when its reaper was killed first", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const host = yield* keeper(mark, [{ sh: "setsid sleep 300 & sleep 300" }])
      const first = reaperOf(host.pid) as number
      kill(first)
      yield* waitUntil("a new reaper is there", () => ![undefined, first].includes(reaperOf(host.pid)))
      yield* emptyAfterKillOf(host.pid, mark)
      yield* waitUntil("the reaper is gone too", () => treeOf(host.pid).length === 0)
    })
  )
})

describe("kill -9 of the host in the middle of a stop ends", () => {
  it.scopedLive("what its leader has left in the group, ignoring TERM, without a cookie", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const script = "env -i TEST_MARK=$TEST_MARK sh -c 'trap \"\" TERM; sleep 300; sleep 300' & exit 0"
      const host = yield* keeper(mark, [{ sh: script }])
      // Its leader has been reaped for a while, and the stop waits for the rest.
      yield* waitUntil("the reaper knows another witness", () => host.output().includes("leftovers"))
      yield* emptyAfterKillOf(host.pid, mark)
    })
  )
})

describe("kill -9 of the host and its reaper, at once", () => {
  it("leaves survivors that the next start finds by their cookie, and ends: those alone", async () => {
    const namespace = ["--pid", "--fork", "--mount-proc", "--kill-child"]
    if (spawnSync("unshare", [...namespace, "true"]).status !== 0)
      return console.log("not tested here: unshare is not permitted")
    // In a pid namespace, because any other program of ours that starts would end them too.
    const { stderr, stdout } = await withRuntimeDirectory((env) =>
      ran("unshare", [...namespace, process.execPath, program("both-killed.mjs")], { env })
    )
    expect(stderr).toBe("")
    const { after, before, logged } = JSON.parse(stdout) as Record<"before" | "after" | "logged", ReadonlyArray<string>>
    expect(before).toEqual(["sleep 31", "sleep 32", "sleep 33", "sleep 34"])
    // One was started at level none, and the host of another lives.
    expect(after).toEqual(["sleep 33", "sleep 34"])
    expect(logged.join("\n")).toMatch(
      /ended what "node .*keeper\.mjs" \(pid \d+\) left when it was killed together with its reaper, after .*: .*\(sleep\)/
    )
  })
})

describe("the reaper", () => {
  it.scopedLive("is one for a host, leads a session of its own, and says what it is", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const host = yield* keeper(mark, [
        { program: "sleep", args: ["300"] },
        { program: "sleep", args: ["300"] }
      ])
      const reapers = treeOf(host.pid).filter((pid) => commandOf(pid).includes("tether-reaper"))
      expect(reapers).toEqual([reaperOf(host.pid)])
      const command = commandOf(reapers[0] as number)
      expect(command).toMatch(/tether-reaper$/)
      expect(command).not.toContain("while")
      kill(host.pid)
      yield* waitUntil("it is gone", () => !isAlive(reapers[0] as number))
    })
  )

  it.scopedLive.each([
    "SIGTERM",
    "SIGINT",
    "SIGHUP",
    "SIGQUIT",
    "SIGPIPE",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGUSR1"
  ] as const)("survives %s", (signal) =>
    Effect.gen(function* () {
      const mark = newMark()
      const host = yield* keeper(mark, [{ program: "sleep", args: ["300"] }])
      const reaper = reaperOf(host.pid) as number
      kill(reaper, signal)
      yield* emptyAfterKillOf(host.pid, mark)
      yield* waitUntil("it is gone too", () => !isAlive(reaper))
    })
  )

  it.scopedLive("leaves a child at level none alone, and it has no cookie", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const host = yield* keeper(mark, [
        { program: "sleep", args: ["300"], options: { containment: "none" } },
        { program: "sleep", args: ["301"] }
      ])
      const sleeper = marked(mark).find((pid) => commandOf(pid) === "sleep 300") as number
      expect(treeOf(host.pid)).not.toContain(sleeper)
      kill(host.pid)
      yield* waitUntil("the other is gone", () => marked(mark).filter((pid) => pid !== sleeper).length === 0)
      yield* waitUntil("the reaper is gone", () => treeOf(host.pid).length === 0)
      expect(isAlive(sleeper)).toBe(true)
    })
  )
})

describe("three hosts, nested in one another", () => {
  it.scopedLive.each([0, 1, 2])("number %d killed: nothing below it is left, and everything above it is", (victim) =>
    Effect.gen(function* () {
      const mark = newMark()
      const hosts = yield* threeNested(mark)
      const below = treeOf(hosts[victim] as number)
      const above = marked(mark).filter((pid) => !below.includes(pid) && pid !== hosts[victim])
      kill(hosts[victim] as number)
      yield* waitUntil("nothing below is left", () => below.every((pid) => !isAlive(pid)))
      expect(above.filter((pid) => !isAlive(pid))).toEqual([])
      yield* emptyAfterKillOf(hosts[0] as number, mark)
      yield* waitUntil("no reaper is left", () => hosts.every((host) => treeOf(host).length === 0))
    })
  )
})
