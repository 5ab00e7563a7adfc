import * as Doctor from "@tether/process-node/Doctor"
import * as Schema from "effect/Schema"
import { spawnSync } from "node:child_process"
import { readFileSync, readlinkSync } from "node:fs"
import { release } from "node:os"
import { describe, expect, it } from "vitest"
import { missing, openNamespace } from "../support/namespace.js"
import { bin, hasProc, startProgram, tether } from "../support/tether.js"

const decode = Schema.decodeUnknownSync(Schema.parseJson(Doctor.Findings))
const levelOf = (findings: Doctor.Findings, level: string) => findings.levels.find((each) => each.level === level)
const run = [process.execPath, bin, "doctor", "--json"]

if (!hasProc) console.warn("skipped: what tether doctor finds on Linux, because there is no /proc")

describe("tether doctor", () => {
  it("--json tells what can be had and what it rests on, in one line", async () => {
    const { code, stderr, stdout } = await tether(["doctor", "--json"])
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    expect(stdout.split("\n")).toHaveLength(2)
    const findings = decode(stdout)
    expect(findings.levels.map(({ level }) => level)).toEqual(["none", "group", "tree", "cgroup"])
    expect(findings.levels.filter(({ isDefault }) => isDefault)).toHaveLength(1)
    expect(findings.levels.every(({ reason }) => reason !== "")).toBe(true)
    expect(findings.system).toEqual({
      platform: process.platform,
      arch: process.arch,
      kernel: release(),
      node: process.versions.node
    })
  })

  it.skipIf(!hasProc)("finds all but a cgroup where there is /proc", async () => {
    const findings = decode((await tether(["doctor", "--json"])).stdout)
    expect(levelOf(findings, "tree")).toMatchObject({ isAvailable: true, isDefault: true })
    expect(findings.reaper.isAvailable).toBe(true)
    expect(findings.records).toMatchObject({ isAvailable: true, reason: expect.stringMatching(/^\/.*\/hosts$/) })
    expect(findings.proc.view).toBe("own")
    expect(findings.identity).toMatchObject({
      startToken: "proc",
      self: {
        bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
        pidNamespace: readlinkSync("/proc/self/ns/pid")
      }
    })
  })

  it("shows the same as tables", async () => {
    const { code, stderr, stdout } = await tether(["doctor"])
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    expect(stdout).toMatch(/^CONTAINMENT +AVAILABLE +WHY$/m)
    for (const level of ["none", "group", "tree", "cgroup"]) {
      expect(stdout).toMatch(new RegExp(`^${level} +(yes|yes, the default|no) +\\S`, "m"))
    }
    expect(stdout).toMatch(/^\S+ +yes, the default +\S/m)
    expect(stdout).toMatch(/^reaper +(yes|no): /m)
    expect(stdout).toMatch(new RegExp(`^Node\\.js +${process.versions.node}$`, "m"))
    expect(stdout).not.toContain("\x1b")
    expect(stdout).not.toMatch(/ $/m)
  })

  it.skipIf(!hasProc)("finds the tools of a reaper whatever our PATH is", async () => {
    const findings = decode((await tether(["doctor", "--json"], { env: { PATH: "/nowhere" } })).stdout)
    expect(findings.reaper.isAvailable).toBe(true)
  })

  it("refuses arguments", async () => {
    expect(await tether(["doctor", "arm"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("usage: tether doctor [options] (more: tether doctor --help)\n")
    })
  })
})

if (missing !== undefined) console.warn(`skipped: tether doctor in a namespace, because ${missing}`)

describe.skipIf(missing !== undefined)("tether doctor in a namespace", () => {
  it("tells its own", async () => {
    const inside = await openNamespace()
    const findings = decode((await inside.tether(["doctor", "--json"])).stdout)
    expect(findings.identity.self?.pidNamespace).toMatch(/^pid:\[\d+\]$/)
    expect(findings.identity.self?.pidNamespace).not.toBe(readlinkSync("/proc/self/ns/pid"))
  })

  it("names how /proc hides the processes of others", async () => {
    const inside = await openNamespace()
    const [node, ...words] = run
    const script = `mount -t proc -o hidepid=2 proc /proc && exec '${node}' ${words.map((word) => `'${word}'`).join(" ")}`
    const { stdout } = await inside.run("unshare", ["--mount", "sh", "-c", script])
    expect(decode(stdout).proc).toMatchObject({ view: "own", hidepid: expect.stringMatching(/^(2|invisible)$/) })
  })
})

const isBlind = ["--pid", "--fork"]
const mayBlind = process.platform === "linux" && spawnSync("unshare", [...isBlind, "true"]).status === 0
if (!mayBlind) console.warn("skipped: tether doctor with a foreign /proc, because unshare --pid is not permitted")

describe.skipIf(!mayBlind)("tether doctor where /proc shows another pid namespace", () => {
  it("says so, and what cannot be had for it", async () => {
    const { stdout } = await startProgram("unshare", [...isBlind, ...run]).ended
    const findings = decode(stdout)
    expect(findings.proc.view).toBe("other")
    expect(findings.identity).toEqual({ startToken: "none", self: undefined })
    expect(levelOf(findings, "group")).toMatchObject({ isAvailable: true, isDefault: true })
    expect(levelOf(findings, "tree")).toMatchObject({
      isAvailable: false,
      reason: expect.stringContaining("/proc shows another pid namespace than ours")
    })
    expect(findings.reaper).toEqual({ isAvailable: true, reason: expect.stringContaining("ends process groups only") })
  })
})
