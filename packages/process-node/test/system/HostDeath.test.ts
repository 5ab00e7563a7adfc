/**
 * The host is killed by SIGKILL, and within a second nothing of its children is left.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { keeper, type Kept, kill, commandOf, program, reaperOf, treeOf } from "../support/hosts.js"
import { isAlive, marked, waitUntil, withinASecond } from "../support/os.js"
import { withRuntimeDirectory } from "../support/runtime.js"

let count = 0
const newMark = () => `death-${process.pid}-${Date.now()}-${count++}`

const trees: Record<string, Kept> = {
  "one sleep": { program: "sleep", args: ["60"] },
  "sh -c 'sleep & sleep & wait'": { sh: "sleep 60 & sleep 60 & wait" },
  "a setsid sleep": { sh: "setsid sleep 60 & wait" },
  "a double fork with closed descriptors": {
    sh: "(setsid sh -c 'sleep 60 & exec sleep 60' <&- >&- 2>&- &) ; sleep 60"
  },
  "what ignores every signal that can be ignored": { sh: "trap '' TERM INT HUP QUIT PIPE; sleep 60; sleep 60" },
  "what has cleared its environment, left its group, and has its parent still": {
    sh: "sh -c 'env -i TEST_MARK=$TEST_MARK setsid sleep 60 & wait'; true"
  },
  "what is stopped": { sh: "kill -STOP $$; sleep 60" },
  "a leader that has left already": { sh: "setsid sleep 60 & sleep 0.05; exit 0", options: { stop: undefined } },
  "a chain of forks": { sh: "i=0; next() { i=$((i+1)); [ $i -gt 4000 ] || (sleep 0.01; next) & }; next; sleep 60" },
  "31 processes": { sh: "for i in 1 2 3 4 5; do sh -c 'for j in 1 2 3 4 5; do sleep 60 & done; wait' & done; wait" }
}

/** Nothing that carries the mark is left within a second of the deed. */
const emptyWithinASecond = (mark: string, deed: () => void) =>
  Effect.suspend(() => {
    deed()
    return withinASecond("nothing is left", () => marked(mark).length === 0)
  })

describe("kill -9 of the host ends", () => {
  it.scopedLive.each(Object.keys(trees))("%s", (name) =>
    Effect.gen(function* () {
      const mark = newMark()
      const host = yield* keeper(mark, [trees[name] as Kept])
      expect(marked(mark).length).toBeGreaterThan(1)
      yield* emptyWithinASecond(mark, () => kill(host.pid))
    })
  )

  it.scopedLive(
    "20 trees at once",
    () =>
      Effect.gen(function* () {
        const mark = newMark()
        const all = Object.values(trees)
        const host = yield* keeper(
          mark,
          Array.from({ length: 20 }, (_, index) => all[index % all.length] as Kept)
        )
        yield* emptyWithinASecond(mark, () => kill(host.pid))
      }),
    60_000
  )

  it.scopedLive("all the same when its reaper was killed first", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const host = yield* keeper(mark, [{ sh: "setsid sleep 60 & sleep 60" }])
      const first = reaperOf(host.pid) as number
      kill(first)
      yield* waitUntil("a new reaper is there", () => ![undefined, first].includes(reaperOf(host.pid)))
      yield* emptyWithinASecond(mark, () => kill(host.pid))
      yield* withinASecond("the reaper is gone too", () => treeOf(host.pid).length === 0)
    })
  )
})

describe("kill -9 of the host in the middle of a stop ends", () => {
  it.scopedLive("what its leader has left in the group, ignoring TERM, without a cookie", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const script = "env -i TEST_MARK=$TEST_MARK sh -c 'trap \"\" TERM; sleep 60; sleep 60' & exit 0"
      const host = yield* keeper(mark, [{ sh: script }])
      // Its leader has been reaped for a while, and the stop waits for the rest.
      yield* waitUntil("the reaper knows another witness", () => host.output().includes("leftovers"))
      yield* emptyWithinASecond(mark, () => kill(host.pid))
    })
  )
})

describe("kill -9 of the host and its reaper, at once", () => {
  it("leaves survivors that the next start finds by their cookie, and ends: those alone", () => {
    const namespace = ["--pid", "--fork", "--mount-proc", "--kill-child"]
    if (spawnSync("unshare", [...namespace, "true"]).status !== 0)
      return console.log("not tested here: unshare is not permitted")
    // In a pid namespace, because any other program of ours that starts would end them too.
    const { stderr, stdout } = withRuntimeDirectory((env) =>
      spawnSync("unshare", [...namespace, process.execPath, program("both-killed.mjs")], {
        encoding: "utf8",
        env,
        timeout: 25_000
      })
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
        { program: "sleep", args: ["60"] },
        { program: "sleep", args: ["60"] }
      ])
      const reapers = treeOf(host.pid).filter((pid) => commandOf(pid).includes("tether-reaper"))
      expect(reapers).toEqual([reaperOf(host.pid)])
      const command = commandOf(reapers[0] as number)
      expect(command).toMatch(/tether-reaper$/)
      expect(command).not.toContain("while")
      kill(host.pid)
      yield* withinASecond("it is gone within a second", () => !isAlive(reapers[0] as number))
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
      const host = yield* keeper(mark, [{ program: "sleep", args: ["60"] }])
      const reaper = reaperOf(host.pid) as number
      kill(reaper, signal)
      yield* emptyWithinASecond(mark, () => kill(host.pid))
      yield* withinASecond("it is gone too", () => !isAlive(reaper))
    })
  )

  it.scopedLive("leaves a child at level none alone, and it has no cookie", () =>
    Effect.gen(function* () {
      const mark = newMark()
      const host = yield* keeper(mark, [
        { program: "sleep", args: ["60"], options: { containment: "none" } },
        { program: "sleep", args: ["61"] }
      ])
      const sleeper = marked(mark).find((pid) => commandOf(pid) === "sleep 60") as number
      expect(treeOf(host.pid)).not.toContain(sleeper)
      kill(host.pid)
      yield* withinASecond("the other is gone", () => marked(mark).filter((pid) => pid !== sleeper).length === 0)
      yield* withinASecond("the reaper is gone", () => treeOf(host.pid).length === 0)
      expect(isAlive(sleeper)).toBe(true)
    })
  )
})

describe("three hosts, nested in one another", () => {
  const nested = (depth: number): Kept => ({
    program: process.execPath,
    args: [
      program("keeper.mjs"),
      JSON.stringify({ children: [{ sh: "setsid sleep 60 & sleep 60" }, ...(depth > 1 ? [nested(depth - 1)] : [])] })
    ]
  })

  it.scopedLive.each([0, 1, 2])(
    "number %d killed: nothing below it is left, and everything above it is",
    (victim) =>
      Effect.gen(function* () {
        const mark = newMark()
        const outermost = yield* keeper(mark, [{ sh: "sleep 60" }, nested(2)])
        yield* waitUntil("all three are up", () => outermost.output().split("up ").length === 4)
        const hosts = [...outermost.output().matchAll(/up (\d+)/g)].map((found) => Number(found[1]))
        const ordered = [...hosts].sort((one, other) => treeOf(other).length - treeOf(one).length)
        const below = treeOf(ordered[victim] as number)
        const above = marked(mark).filter((pid) => !below.includes(pid) && pid !== ordered[victim])
        kill(ordered[victim] as number)
        yield* withinASecond("nothing below is left", () => below.every((pid) => !isAlive(pid)))
        expect(above.filter((pid) => !isAlive(pid))).toEqual([])
        yield* emptyWithinASecond(mark, () => kill(outermost.pid))
        yield* withinASecond("no reaper is left", () => hosts.every((host) => treeOf(host).length === 0))
      }),
    30_000
  )
})
