/**
 * What the reaper ends by what its host has told it, and what it leaves alone. The host is the test: its death is the
 * end of the pipe.
 */
import { describe, expect, it } from "@effect/vitest"
import * as ProcStat from "@tether/host/ProcStat"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { uptime } from "node:os"
import { afterEach } from "vitest"
import { toolPath } from "../../src/internal/reaper.js"
import { reaperScript } from "../../src/internal/reaperScript.js"
import { kill } from "../support/hosts.js"
import { isAlive, waitUntil } from "../support/os.js"

const started: Array<number> = []
afterEach(() => started.splice(0).forEach((pid) => kill(pid)))

const statOf = (pid: number): ProcStat.ProcStat => {
  const stat = ProcStat.parse(readFileSync(`/proc/${pid}/stat`, "utf8"))
  if (stat === undefined) throw new Error(`no process ${pid}`)
  return stat
}

/** Without a cookie, in a session and a group of its own. Prints the pid of another member of its group. */
const startGroup = (script: string): Effect.Effect<{ readonly leader: ChildProcess; readonly member: number }> =>
  Effect.promise(async () => {
    const leader = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "pipe", "ignore"], env: {} })
    const [line] = await once(leader.stdout, "data")
    const member = Number(line)
    started.push(leader.pid ?? 0, member)
    return { leader, member }
  })

/** The reaper gets these messages, and then its host is dead. */
const reap = (messages: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.promise(async () => {
    const reaper = spawn("/bin/sh", ["-c", reaperScript], {
      cwd: "/",
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: {
        PATH: toolPath(),
        TETHER_HOST: `${process.pid}-1-0-0-script`,
        TETHER_UID: String(process.geteuid?.()),
        TETHER_RECORD: "",
        TETHER_RECORDS: ""
      }
    })
    reaper.stdin.end(messages.map((message) => `${message}\n`).join(""))
    await once(reaper, "exit")
  })

const now = () => Math.floor(uptime() * 100)

const leaderEnds = (leader: ChildProcess): Effect.Effect<void> =>
  Effect.promise(async () => {
    leader.stdin?.end()
    await once(leader, "exit")
  })

const group = "sleep 60 >/dev/null & echo $!; read _"

const isLinux = process.platform === "linux"
if (!isLinux) console.log("skipped: the script of the reaper, because it reads /proc, which only Linux has")

describe.skipIf(!isLinux)("the reaper", () => {
  it.live("ends a group whose leader ended with the host, by a member that was there when the host still lived", () =>
    Effect.gen(function* () {
      const { leader, member } = yield* startGroup(group)
      const { startTicks } = statOf(leader.pid ?? 0)
      yield* waitUntil("the clock has moved on", () => now() > Number(statOf(member).startTicks))
      const messages = [`+ ${leader.pid} ${leader.pid} ${startTicks} -`, `t ${now()}`]
      yield* leaderEnds(leader)
      yield* reap(messages)
      expect(isAlive(member)).toBe(false)
    })
  )

  it.live("leaves a group without its leader alone if all members may have started after the death of the host", () =>
    Effect.gen(function* () {
      const { leader, member } = yield* startGroup(group)
      const { startTicks } = statOf(leader.pid ?? 0)
      const messages = [`+ ${leader.pid} ${leader.pid} ${startTicks} -`, `t ${statOf(member).startTicks}`]
      yield* leaderEnds(leader)
      yield* reap(messages)
      expect(isAlive(member)).toBe(true)
    })
  )

  it.live("leaves a group alone whose leader the host has reaped, and of which the host knows no other member", () =>
    Effect.gen(function* () {
      const { leader, member } = yield* startGroup(group)
      const { startTicks } = statOf(leader.pid ?? 0)
      yield* waitUntil("the clock has moved on", () => now() > Number(statOf(member).startTicks))
      yield* leaderEnds(leader)
      const { pid } = leader
      yield* reap([`+ ${pid} ${pid} ${startTicks} -`, `- ${pid}`, `+ ${pid} 0 - -`, `t ${now()}`])
      expect(isAlive(member)).toBe(true)
    })
  )

  it.live("ends a child without a cookie whose host was killed right after the start", () =>
    Effect.gen(function* () {
      const { leader, member } = yield* startGroup(group)
      yield* reap([`s ${leader.pid}`])
      expect([leader.pid ?? 0, member].filter(isAlive)).toEqual([])
    })
  )

  it.live("leaves a process alone that has the pid of such a child, and another parent", () =>
    Effect.gen(function* () {
      const { member } = yield* startGroup("setsid sleep 60 >/dev/null & echo $!; read _")
      yield* waitUntil("it leads a group of its own", () => statOf(member).group === member)
      yield* reap([`s ${member}`])
      expect(isAlive(member)).toBe(true)
    })
  )
})
