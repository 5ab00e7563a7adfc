import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { afterEach, describe, expect, it } from "vitest"
import { Oracle } from "../../src/oracle.js"

const children: Array<ChildProcess> = []
afterEach(() => children.splice(0).forEach((child) => child.kill("SIGKILL")))

/** Waits for a byte of its output, so that it has its final environment. */
const start = async (env: Record<string, string>, program: string, ...args: ReadonlyArray<string>) => {
  const child = spawn(program, args, { env: { PATH: process.env["PATH"], ...env } })
  children.push(child)
  await once(child.stdout, "data")
  return child
}

const wait = "echo; read -r line"

const isLinux = process.platform === "linux"
if (!isLinux) console.log("skipped: the oracle, because it reads /proc, which only Linux has")

describe.skipIf(!isLinux)("the oracle", () => {
  it("finds a process by the mark in its environment, and by the mark in its command line", async () => {
    const oracle = new Oracle(1)
    const byEnvironment = await start({ TEST_MARK: oracle.markOf(3) }, "sh", "-c", wait)
    const byCommand = await start({}, "sh", "-c", wait, oracle.markOf(4))
    expect(oracle.look().map(({ pid, round }) => ({ pid, round }))).toEqual(
      expect.arrayContaining([
        { pid: byEnvironment.pid, round: 3 },
        { pid: byCommand.pid, round: 4 }
      ])
    )
    expect(oracle.look()).toHaveLength(2)
  })

  it("finds a process by the cookie of a host that it knows, and tells a reaper from a child", async () => {
    const oracle = new Oracle(1)
    // This process may have a reaper of its own.
    const host = await start({}, "sh", "-c", wait)
    const token = oracle.know(host.pid ?? 0, 5)
    await start({ TETHER_TREE: `/1-1-0-0-a.1/${token}-0-0-b.7` }, "sh", "-c", wait)
    await start({ TETHER_TREE: `/${token}-0-0-b.r` }, "sh", "-c", wait)
    await start({ TETHER_TREE: `/${token}9-0-0-b.7` }, "sh", "-c", wait)
    const seen = oracle.look().map(({ isReaper, round }) => ({ isReaper, round }))
    expect(seen).toHaveLength(2)
    expect(seen).toEqual(
      expect.arrayContaining([
        { isReaper: false, round: 5 },
        { isReaper: true, round: 5 }
      ])
    )
  })

  it("does not take another run of the same seed, nor a zombie, for its own", async () => {
    const oracle = new Oracle(1)
    await start({ TEST_MARK: oracle.markOf(3).replace(/\d+$/, "1") }, "sh", "-c", wait)
    // Ends at once, and stays a zombie below a parent that does not wait for it.
    await start({}, "sh", "-c", `TEST_MARK=${oracle.markOf(3)} sleep 0 & sleep 0.2; exec sh -c '${wait}'`)
    expect(oracle.look()).toEqual([])
  })
})
