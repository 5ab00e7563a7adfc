import * as HostTree from "@tether/process-node/HostTree"
import * as Schema from "effect/Schema"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { boot, missing, namespace, openNamespace, orphan, startHost } from "../support/namespace.js"
import { bin, program, tether, until } from "../support/tether.js"

const decode = Schema.decodeUnknownSync(Schema.parseJson(Schema.Struct({ hosts: Schema.Array(HostTree.Program) })))
const pidsOf = (programs: ReadonlyArray<HostTree.Program>) => programs.map(({ process }) => process.pid)
/** The last column, without its head. */
const titlesOf = (stdout: string) => {
  const [head = "", ...lines] = stdout.trimEnd().split("\n")
  return lines.map((line) => line.slice(head.indexOf("COMMAND")))
}

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tether-cli-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

if (missing !== undefined) console.warn(`skipped: tether ps, because ${missing}`)

describe.skipIf(missing !== undefined)("tether ps", () => {
  it("says that there is nobody", async () => {
    const inside = await openNamespace()
    expect(await inside.tether(["ps", "--tree"])).toEqual({
      code: 0,
      stdout: "",
      stderr: "tether: there is no program that has children\n"
    })
    expect(await inside.tether(["ps", "--json"])).toMatchObject({ code: 0, stdout: `{"hosts":[]}\n`, stderr: "" })
  })

  it("shows hosts with their reapers and children, as a tree, flat, and as JSON", async () => {
    const inside = await openNamespace()
    const host = await startHost(inside, "exec sleep 300", "(setsid sleep 301 &); sleep 302; :")
    const [first, second] = host.children.map(({ pid }) => pid)
    const left = await until(
      "what left its group",
      () => inside.processes().find(({ command }) => command === "sleep 301")?.pid
    )
    const inner = await until(
      "what did not",
      () => inside.processes().find(({ command }) => command === "sleep 302")?.pid
    )

    const tree = await inside.tether(["ps", "--tree"])
    expect({ code: tree.code, stderr: tree.stderr }).toEqual({ code: 0, stderr: "" })
    expect(tree.stdout).toMatch(/^PID +AGE +COMMAND\n/)
    expect(tree.stdout).toMatch(new RegExp(`^${left} +\\d+s +[├└]─ sleep 301$`, "m"))
    expect(titlesOf(tree.stdout)).toEqual([
      expect.stringMatching(/host\.mjs exec sleep 300 \(setsid sleep 301 &\); sleep 302; :$/),
      "├─ reaper",
      "├─ [sh #1] sleep 300",
      "└─ [sh #2] sh -c (setsid sleep 301 &); sleep 302; :",
      expect.stringMatching(/^ {3}├─ sleep 30[12]$/),
      expect.stringMatching(/^ {3}└─ sleep 30[12]$/)
    ])

    const flat = await inside.tether(["ps"])
    expect(flat.stdout).toMatch(/^PID +HOST +CHILD +AGE +COMMAND$/m)
    expect(flat.stdout).toMatch(new RegExp(`^${host.pid} +- +- +\\d+s `, "m"))
    expect(flat.stdout).toMatch(new RegExp(`^${host.reaper} +${host.pid} +reaper `, "m"))
    expect(flat.stdout).toMatch(new RegExp(`^${first} +${host.pid} +sh #1 +\\d+s +sleep 300$`, "m"))
    expect(flat.stdout).toMatch(new RegExp(`^${left} +${host.pid} +sh #2 +\\d+s +sleep 301$`, "m"))

    const { hosts } = decode((await inside.tether(["ps", "--json"])).stdout)
    expect(pidsOf(hosts)).toEqual([host.pid])
    expect(hosts[0]?.reapers.map(({ pid }) => pid)).toEqual([host.reaper])
    expect(hosts[0]?.children.map(({ number, leavable }) => ({ number, leavable }))).toEqual([
      { number: 1, leavable: false },
      { number: 2, leavable: false }
    ])
    const members = pidsOf(hosts[0]?.children[1]?.members ?? [])
    expect(members[0]).toBe(second)
    expect(members.toSorted()).toEqual([second, left, inner].toSorted())
  })

  it("shows a host that runs below a child there, and nowhere else", async () => {
    const inside = await openNamespace()
    const outer = await startHost(
      inside,
      `'${process.execPath}' '${program("host.mjs")}' 'exec sleep 300' 'leave:exec sleep 301'; :`
    )
    await until(
      "the inner children",
      () => inside.processes().filter(({ command }) => command.startsWith("sleep")).length === 2
    )
    const { hosts } = decode((await inside.tether(["ps", "--json"])).stdout)
    expect(pidsOf(hosts)).toEqual([outer.pid])
    const [shell, inner] = hosts[0]?.children[0]?.members ?? []
    expect(shell).toMatchObject({ process: { pid: outer.children[0]?.pid }, reapers: [], children: [] })
    expect(inner?.process.command).toContain("host.mjs")
    expect(inner?.reapers).toHaveLength(1)
    expect(inner?.children).toMatchObject([
      { number: 1, leavable: false, members: [{ process: { command: "sleep 300" } }] },
      { number: 2, leavable: true, members: [{ process: { command: "sleep 301" } }] }
    ])
    expect(titlesOf((await inside.tether(["ps", "--tree"])).stdout)).toEqual([
      expect.stringContaining("host.mjs"),
      "├─ reaper",
      expect.stringMatching(/^└─ \[sh\] sh -c /),
      expect.stringMatching(/^ {3}└─ \S+ \S*host\.mjs /),
      "      ├─ reaper",
      "      ├─ [sh #1] sleep 300",
      "      └─ [sh #2] sleep 301"
    ])
  })

  it("shows each child by its label, and by its number where two have the same one", async () => {
    const inside = await openNamespace()
    await startHost(
      inside,
      "label=api:exec sleep 300",
      "label=worker:exec sleep 301",
      "label=worker:exec sleep 302",
      "label=\u001b[2J\u202eé x:sleep 303; :"
    )
    await until("its sleep", () => inside.processes().some(({ command }) => command === "sleep 303"))
    expect(titlesOf((await inside.tether(["ps", "--tree"])).stdout).slice(1)).toEqual([
      "├─ reaper",
      "├─ [api] sleep 300",
      "├─ [worker #2] sleep 301",
      "├─ [worker #3] sleep 302",
      expect.stringMatching(/^└─ \[[^\x00-\x1f\u202e]*é x\] sh -c sleep 303; :$/),
      "   └─ sleep 303"
    ])
    expect((await inside.tether(["ps"])).stdout).toMatch(/ worker #3 +\d+s +sleep 302$/m)
    const { hosts } = decode((await inside.tether(["ps", "--json"])).stdout)
    expect(hosts[0]?.children.map(({ label, number }) => [label, number])).toEqual([
      ["api", 1],
      ["worker", 2],
      ["worker", 3],
      ["\u001b[2J\u202eé x", 4]
    ])
  })

  it("does not show hosts that have ended", async () => {
    const inside = await openNamespace()
    const dead = await startHost(inside, "exec sleep 300")
    await orphan(inside, dead)
    expect(await inside.tether(["ps", "--json"])).toMatchObject({ stdout: `{"hosts":[]}\n` })
    expect(dead.children.every(({ pid }) => inside.isAlive(pid))).toBe(true)
  })

  it("is not led in circles by environments that somebody has made up", async () => {
    const inside = await openNamespace()
    const script = join(folder, "circle.sh")
    writeFileSync(
      script,
      `token() { set -- $(sed 's/.*) //' /proc/$1/stat); shift 19; echo $1; }
       export TETHER_TREE="$TETHER_TREE/$$-$(token $$)-${boot}-${namespace}-abc.1"
       echo up; exec sleep 300`
    )
    await startHost(inside, `. "${script}"`)
    await until("its sleep", () =>
      inside.processes().some(({ command, tree }) => command === "sleep 300" && tree?.endsWith("-abc.1") === true)
    )
    const { hosts } = decode((await inside.tether(["ps", "--json"])).stdout)
    const members = hosts[0]?.children[0]?.members ?? []
    expect(members).toMatchObject([{ process: { command: "sleep 300" }, children: [{ members: [{ children: [] }] }] }])
  })

  it("shows control characters as what they are not, and does not cut where there is no terminal", async () => {
    const inside = await openNamespace()
    await startHost(
      inside,
      `: "\x1b[2J\u202e\n${"x".repeat(500)}"; exec sleep 300`,
      `sleep 300; : "\x1b[2J\u202e\n${"x".repeat(500)}y"`
    )
    for (const words of [["ps"], ["ps", "--tree"]]) {
      const { stdout } = await inside.tether(words)
      expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e]/)
      expect(stdout).toContain(`${"x".repeat(500)}y`)
    }
  })

  const noTerminal = spawnSync("script", ["--version"]).error !== undefined
  if (noTerminal) console.warn("skipped: the width of a terminal, because there is no script from util-linux")
  it.skipIf(noTerminal)("cuts a command at the width of the terminal", async () => {
    const inside = await openNamespace()
    await startHost(inside, `sleep 300; : ${"漢字".repeat(100)}`)
    for (const option of ["", "--tree"]) {
      const command = `stty cols 60; exec '${process.execPath}' '${bin}' ps ${option}`
      const { stdout } = await inside.run("script", ["-qfec", command, "/dev/null"], {
        env: { SHELL: "/bin/sh", TERM: "xterm" }
      })
      const lines = stdout.trimEnd().split("\r\n")
      const row = lines.find((line) => line.includes("漢"))
      expect(row).toMatch(/…$/)
      for (const line of lines) expect(line.replace(/[漢字]/g, "xx").length).toBeLessThanOrEqual(60)
    }
  })
})

describe("words that make no sense to ps", () => {
  it.each([[["--forest"]], [["4711"]], [["--", "ls"]]])("%j", async (words) => {
    const { code, stderr, stdout } = await tether(["ps", ...words])
    expect(stderr).toContain("usage: tether ps [options] (more: tether ps --help)\n")
    expect(stderr).not.toContain("\0")
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
  })
})
