import * as Orphans from "@tether/process-node/Orphans"
import * as Schema from "effect/Schema"
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  boot,
  missing,
  type Namespace,
  namespace,
  openNamespace,
  orphan,
  recorded,
  startHost
} from "../support/namespace.js"
import { program, tether, until } from "../support/tether.js"

const decodeList = Schema.decodeUnknownSync(Schema.parseJson(Schema.Struct({ orphans: Schema.Array(Orphans.Orphan) })))
const decodeOutcome = Schema.decodeUnknownSync(Schema.parseJson(Orphans.Outcome))
const pidsOf = (orphans: ReadonlyArray<Orphans.Orphan>) => orphans.map(({ process }) => process.pid).sort()

const pidOf = (inside: Namespace, command: string) => inside.processes().find((each) => each.command === command)?.pid

// An orphan's output goes nowhere: a shell that says there how its sleep ended would die of it.
const loop = "exec 2>/dev/null; while :; do sleep 0.05; done"
const deaf = `trap '' TERM; ${loop}`
/** Leaves a word in a file when it is asked to end. */
const polite = (file: string) => `trap 'echo asked >> "${file}"; exit 0' TERM; ${loop}`
const hearing = "exec sleep 300"

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tether-cli-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

if (missing !== undefined) console.warn(`skipped: tether reap, because ${missing}`)

describe.skipIf(missing !== undefined)("tether reap", () => {
  it("says that there is nothing to do, and ends with 0", async () => {
    const inside = await openNamespace()
    expect(await inside.tether(["reap"])).toEqual({
      code: 0,
      stdout: "",
      stderr: "tether: there is no process that has lost its host\n"
    })
    expect(await inside.tether(["reap", "--json"])).toMatchObject({
      code: 0,
      stdout: `{"ended":[],"survivors":[],"foreign":[]}\n`
    })
    expect(await inside.tether(["reap", "--json", "--dry-run"])).toMatchObject({ code: 0, stdout: `{"orphans":[]}\n` })
  })

  it("--dry-run lists what has lost its host, and ends nothing", async () => {
    const inside = await openNamespace()
    const host = await startHost(inside, hearing, "setsid sleep 301 & wait")
    await until("both children", () => inside.processes().some(({ command }) => command === "sleep 301"))
    await orphan(inside, host)
    const orphans = inside.processes().filter(({ tree }) => tree?.includes("/") === true)
    expect(orphans).toHaveLength(3)

    const { code, stderr, stdout } = await inside.tether(["reap", "--dry-run"])
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    const [head, ...rows] = stdout.trimEnd().split("\n")
    expect(head).toMatch(/^PID +RESULT +HOST +CHILD +AGE +COMMAND$/)
    expect(rows).toHaveLength(3)
    expect(stdout).toMatch(new RegExp(`^\\d+ +found +${host.pid} +#2 +\\d+s +sleep 301$`, "m"))

    const json = decodeList((await inside.tether(["reap", "--dry-run", "--json"])).stdout)
    expect(pidsOf(json.orphans)).toEqual(orphans.map(({ pid }) => pid).sort())
    expect(json.orphans.every((each) => each.host.pid === host.pid)).toBe(true)
    for (const { pid } of orphans) expect(inside.isAlive(pid)).toBe(true)
  })

  it("asks first, and gives time to go", async () => {
    const inside = await openNamespace()
    const file = join(folder, "asked")
    const host = await startHost(inside, polite(file))
    await orphan(inside, host)
    expect(await inside.tether(["reap", "--grace", "10m"])).toMatchObject({ code: 0, stderr: "" })
    expect(readFileSync(file, "utf8")).toBe("asked\n")
  })

  it("kills after the grace what did not go", async () => {
    const inside = await openNamespace()
    const host = await startHost(inside, deaf, hearing)
    await orphan(inside, host)
    const begin = performance.now()
    const { code, stderr, stdout } = await inside.tether(["reap", "--grace", "600ms"])
    expect(performance.now() - begin).toBeGreaterThan(600)
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    for (const { pid } of host.children) {
      expect(stdout).toMatch(new RegExp(`^${pid} +ended `, "m"))
      expect(inside.isAlive(pid)).toBe(false)
    }
    expect(inside.processes().filter(({ tree }) => tree?.includes("/") === true)).toEqual([])
  })

  it("does not wait for the grace when all have gone, those too that were stopped", async () => {
    const inside = await openNamespace()
    const host = await startHost(inside, "kill -s STOP $$; exec sleep 300", hearing)
    await orphan(inside, host)
    const { code, stdout } = await inside.tether(["reap", "--grace", "1h", "--json"])
    expect(code).toBe(0)
    expect(pidsOf(decodeOutcome(stdout).ended)).toEqual(host.children.map(({ pid }) => pid).sort())
  })

  it("--grace 0s kills at once", async () => {
    const inside = await openNamespace()
    const file = join(folder, "not-asked")
    const host = await startHost(inside, polite(file), deaf)
    await orphan(inside, host)
    const { code, stdout } = await inside.tether(["reap", "--grace", "0s", "--json"])
    expect(code).toBe(0)
    const { ended, survivors } = decodeOutcome(stdout)
    expect(survivors).toEqual([])
    expect(pidsOf(ended)).toEqual(expect.arrayContaining(host.children.map(({ pid }) => pid).sort()))
    for (const { pid } of host.children) expect(inside.isAlive(pid)).toBe(false)
    expect(existsSync(file)).toBe(false)
  })

  it("leaves a living host, its reaper and its children alone", async () => {
    const inside = await openNamespace()
    const living = await startHost(inside, deaf, hearing)
    const dead = await startHost(inside, hearing)
    await orphan(inside, dead)
    const { stdout } = await inside.tether(["reap", "--grace", "100ms", "--json"])
    expect(pidsOf(decodeOutcome(stdout).ended)).toEqual(dead.children.map(({ pid }) => pid))
    for (const pid of [living.pid, living.reaper, ...living.children.map((child) => child.pid)]) {
      expect(inside.isAlive(pid)).toBe(true)
    }
  })

  it("leaves alone what its host was told to leave, and the reaper that has yet to clean up", async () => {
    const inside = await openNamespace()
    const host = await startHost(inside, `leave:${hearing}`, hearing)
    await inside.run("sh", ["-c", `kill -s STOP ${host.reaper}; kill -s KILL ${host.pid}`])
    await until("the end of the host", () => !inside.isAlive(host.pid))
    const { stdout } = await inside.tether(["reap", "--json"])
    const [left, orphaned] = host.children.map(({ pid }) => pid)
    expect(pidsOf(decodeOutcome(stdout).ended)).toEqual([orphaned])
    expect(inside.isAlive(left ?? 0)).toBe(true)
    expect(inside.isAlive(host.reaper)).toBe(true)
  })

  it.each([
    ["one in another pid namespace", `${boot}-4026530000`],
    ["one that did not know its pid namespace", `${boot}-0`],
    ["one that was shown another boot, as in some containers", `0123456789abcdef0123456789abcdef-${namespace}`]
  ])("takes a host for alive of which nothing can be known: %s", async (_, where) => {
    const inside = await openNamespace()
    const sleeps = inside.start("sh", [
      "-c",
      `${recorded(`999999-1-${where}-abc`)}; ${recorded(`999999-1-${boot}-${namespace}-abc`)}; ` +
        `TETHER_TREE=/999999-1-${where}-abc.1 sleep 300 & TETHER_TREE=/999999-1-${boot}-${namespace}-abc.1 sleep 301 & ` +
        "echo up; wait"
    ])
    await until(
      "both",
      () => sleeps.stdout() === "up\n" && ["sleep 300", "sleep 301"].every((one) => pidOf(inside, one))
    )
    const [unknown, orphaned] = [pidOf(inside, "sleep 300"), pidOf(inside, "sleep 301")]
    const { stdout } = await inside.tether(["reap", "--json"])
    expect(pidsOf(decodeOutcome(stdout).ended)).toEqual([orphaned])
    expect(pidOf(inside, "sleep 300")).toBe(unknown)
  })

  const mayChange = process.getuid?.() === 0 && spawnSync("setpriv", ["--reuid", "65534", "true"]).status === 0
  if (!mayChange) console.warn("skipped: processes of another user, because only root with setpriv can make them")
  it.skipIf(!mayChange)(
    "names processes of other users and leaves them alone, even where it could end them",
    async () => {
      const inside = await openNamespace()
      const host = `999999-1-${boot}-${namespace}-abc`
      const cookie = `TETHER_TREE=/${host}.1`
      inside.start("sh", ["-c", `${recorded(host)}; ${cookie} exec setpriv --reuid 65534 --clear-groups sleep 300`])
      const pid = await until("its sleep", () => pidOf(inside, "sleep 300"))
      const { code, stderr, stdout } = await inside.tether(["reap", "--grace", "100ms"])
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      expect(stdout).toMatch(new RegExp(`^${pid} +foreign +999999 +#1 +\\d+s +sleep 300$`, "m"))
      const found = await inside.tether(["reap", "--dry-run", "--json"])
      expect(decodeList(found.stdout).orphans).toMatchObject([{ process: { pid }, isForeign: true }])
      expect(inside.isAlive(pid)).toBe(true)
    }
  )

  it("asks a host that has lost its own host, which ends its children in its own order", async () => {
    const inside = await openNamespace()
    const file = join(folder, "inner")
    const script = join(folder, "inner.sh")
    writeFileSync(script, polite(file))
    const outer = await startHost(inside, `exec '${process.execPath}' '${program("host.mjs")}' '. "${script}"'`)
    await until("the inner child", () => inside.processes().some(({ command }) => command.startsWith("sleep 0.05")))
    await orphan(inside, outer)
    const { code, stdout } = await inside.tether(["reap", "--grace", "10m", "--json"])
    expect(code).toBe(0)
    expect(pidsOf(decodeOutcome(stdout).ended)).toContain(outer.children[0]?.pid)
    expect(readFileSync(file, "utf8")).toBe("asked\n")
    await until("the end of all", () => inside.processes().every(({ tree }) => tree?.includes("/") !== true))
  })

  it("names what cannot be ended, and ends with 1", async () => {
    // The first process of a namespace takes no signal from inside that it did not ask for, not even SIGKILL.
    const host = `999999-1-${boot}-${namespace}-abc`
    const inside = await openNamespace(`${recorded(host)}; TETHER_TREE=/${host}.1 exec cat`)
    const { code, stderr, stdout } = await inside.tether(["reap", "--grace", "100ms"])
    expect(stdout).toMatch(/^1 +alive +999999 +#1 +\d+s +cat$/m)
    expect(stderr).toBe("tether: could not be ended, not even by SIGKILL: 1 (cat)\n")
    expect(code).toBe(1)
  })
})

describe("words that make no sense to reap", () => {
  it.each<[words: Array<string>, reason: RegExp]>([
    [["--grace"], /--grace needs a value: --grace DURATION/],
    [["--grace", "3"], /--grace takes a duration .* not '3'/],
    [["--dry"], /'--dry'/],
    [["4711"], /'4711'/]
  ])("%j", async (words, reason) => {
    const { code, stderr, stdout } = await tether(["reap", ...words])
    expect(stderr).toMatch(reason)
    expect(stderr).toContain("usage: tether reap [options] (more: tether reap --help)\n")
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
  })
})
