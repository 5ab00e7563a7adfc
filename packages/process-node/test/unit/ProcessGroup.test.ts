/**
 * When a group whose leader has ended is empty, by readings that are no snapshots.
 */
import type * as ProcStat from "@tether/host/ProcStat"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { ProcessGroup } from "../../src/internal/group.js"
import type { Machine } from "../../src/internal/machine.js"

const leader = 100

const member = (pid: number, state = "S", group = leader): ProcStat.ProcStat => ({
  pid,
  name: "sh",
  state,
  parent: 1,
  group,
  session: group,
  terminal: 0,
  foregroundGroup: -1,
  exiting: false,
  startTicks: String(pid),
  environmentAt: "1",
  isKernelThread: false
})

/** Every look at all processes is a reading of its own. */
const groupOf = (machine: Pick<Machine, "find" | "lastPid" | "list">) => {
  let reading = 0
  let lastPid: number | undefined
  const table = {
    list: () => {
      reading++
      lastPid = machine.lastPid()
      return machine.list()
    },
    reading: () => reading,
    lastPid: () => lastPid
  }
  const whole = { isDirect: true, listed: machine.find, ...machine } as Machine
  const group = new ProcessGroup(leader, true, table, whole)
  group.leaderEnded()
  return group
}

const looks = (group: ProcessGroup, count: number): ReadonlyArray<boolean> =>
  Array.from({ length: count }, () => group.isEmpty())

describe("a group whose leader has ended", () => {
  // The system counts members that are zombies, too.
  beforeEach(() => void vi.spyOn(process, "kill").mockReturnValue(true))
  afterEach(() => void vi.restoreAllMocks())

  it("is not empty while each member forks the next one and ends before a scan comes to it", () => {
    let living = leader + 1
    const group = groupOf({
      list: () => {
        living++
        return []
      },
      lastPid: () => living,
      find: (pid) => (pid === living ? member(pid) : undefined)
    })
    expect(looks(group, 20)).not.toContain(true)
  })

  it("is not empty either where the births are too many to look at", () => {
    let last = leader + 1
    const group = groupOf({ list: () => [], lastPid: () => (last += 1000), find: () => undefined })
    expect(looks(group, 20)).not.toContain(true)
  })

  it("is empty when two readings have found zombies alone, though others are born meanwhile", () => {
    let last = leader + 1
    const zombie = member(leader + 1, "Z")
    const group = groupOf({
      list: () => {
        last += 3
        return [zombie]
      },
      lastPid: () => last,
      find: (pid) => (pid === zombie.pid ? zombie : pid > zombie.pid ? member(pid, "S", pid) : undefined)
    })
    // The first reading was at the end of the leader.
    expect(group.isEmpty()).toBe(true)
  })

  it("is empty after two readings where births are not told", () => {
    const group = groupOf({ list: () => [], lastPid: () => undefined, find: () => undefined })
    // The first reading was at the end of the leader.
    expect(group.isEmpty()).toBe(true)
  })
})
