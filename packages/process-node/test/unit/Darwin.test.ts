/**
 * macOS, without a Mac. The texts of `fixtures/ps-macos*.txt` were not recorded: they were composed, column by column,
 * after the public sources of Apple's `ps` (adv_cmds-237: `keyword.c` has the widths, `print.c` the rest) and its
 * manual page. So these tests hold the reading of that form, and not that a given macOS prints it.
 */
import * as TreeCookie from "@tether/host/TreeCookie"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import * as darwin from "../../src/internal/darwin.js"
import { identify, isAlive, livenessOf } from "../../src/internal/machine.js"

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "latin1")
const plain = fixture("ps-macos.txt")
const withEnvironment = fixture("ps-macos-environment.txt")
const secret = "hunter2"
const bootId = "3ca01b8e-1f2d-4c5a-9b7e-0d1c2b3a4f5e"
const host = TreeCookie.formatHost({ pid: 4711, startToken: "1788855164", bootId, pidNamespace: undefined }, "k3x9")

const lineOf = (pid: number) => plain.split("\n").find((line) => line.startsWith(`${String(pid).padStart(5)} `))

/** A Mac of these texts, with a clock that stands still, and what was asked of it. */
const aMac = (texts: { readonly plain?: string | undefined; readonly withEnvironment?: string | undefined } = {}) => {
  const asked: Array<string> = []
  const clock = { now: 0 }
  const lines = { plain, withEnvironment, ...texts }
  const run: darwin.Run = ([file, ...args]) => {
    if (file === "/usr/sbin/sysctl") return `${bootId.toUpperCase()}\n`
    asked.push(args.slice(0, args.indexOf("-ww")).join(" "))
    if (args[0] === "-axE") return lines.withEnvironment
    if (args[0] === "-ax" || lines.plain === undefined) return lines.plain
    const line = lineOf(Number(args[1]))
    return line === undefined ? "" : `${line}\n`
  }
  return { machine: darwin.makeWith(run, () => clock.now), asked, clock }
}

describe("the lines of ps", () => {
  it("are processes", () => {
    expect(darwin.parse(plain).find((row) => row.pid === 4720)).toEqual({
      pid: 4720,
      name: "node worker.js --name big worker",
      state: "S",
      parent: 4711,
      group: 4720,
      session: 0,
      terminal: 0,
      foregroundGroup: 0,
      exiting: false,
      startTicks: "1788855165",
      environmentAt: "0",
      isKernelThread: false,
      owner: 501
    })
    expect(darwin.parse(plain)).toHaveLength(plain.trimEnd().split("\n").length)
  })

  it.each<[string, number, Partial<darwin.Row>]>([
    ["a zombie", 4724, { state: "Z", name: "<defunct>" }],
    ["one that is ending", 4725, { state: "?", exiting: true }],
    ["one with flags behind its state", 99998, { state: "S", exiting: false, startTicks: "1767484799" }],
    ["one of nobody, whose number is negative", 312, { owner: -2 }],
    ["one with a newline in its command", 4721, { name: "/opt/homebrew/bin/python3 -c import time^Jtime.sleep(60)" }]
  ])("tell %s", (_, pid, expected) => {
    expect(darwin.parse(plain).find((row) => row.pid === pid)).toMatchObject(expected)
  })

  it.each(["", "\n", "ps: illegal option", "    1     0     1     0 Ss   lun.  7 sept. 06:01:12 2026     launchd"])(
    "leave out %j",
    (text) => expect(darwin.parse(text)).toEqual([])
  )
})

describe("the cookie of a process", () => {
  it.each<[string, number, string | undefined]>([
    ["is found among variables whose values have spaces", 4720, `/${host}.1`],
    ["is all of the path", 4721, `/${host}.1/4720-1788855165-0-0-z1.7l`],
    ["is none where the kernel hides the environment", 4722, undefined],
    ["is none where the environment has none", 4711, undefined],
    ["is not taken from the arguments", 4800, undefined],
    ["is not guessed when another variable has one inside", 4801, undefined],
    ["is not told of one that has become another program meanwhile", 4802, undefined],
    ["is not told of one that was not there before", 4899, undefined]
  ])("%s", (_, pid, tree) => {
    expect(aMac().machine.treeOf(pid)).toBe(tree)
  })

  it("names a host that is judged alive, and a boot that is this one", () => {
    const { machine } = aMac()
    const [step] = TreeCookie.parse(machine.treeOf(4720) ?? "")
    expect(step?.host).toEqual(identify(machine, 4711))
    expect(step && livenessOf(machine, step.host)).toBe("alive")
  })
})

describe("no environment", () => {
  it("is in anything that is told of a process", () => {
    expect(withEnvironment).toContain(secret)
    const { machine } = aMac()
    const told = machine.pids()?.map((pid) => {
      const tree = machine.treeOf(pid)
      const stat = machine.find(pid)
      return { tree, owner: machine.ownersOf(pid), stat, info: stat && machine.infoOf(stat) }
    })
    expect(told).toHaveLength(16)
    expect(JSON.stringify([told, machine.list()])).not.toContain(secret)
  })

  it("is asked for when a process is to be named", () => {
    const { asked, machine } = aMac()
    machine.list()?.forEach((stat) => machine.infoOf(stat))
    machine.find(4711)
    expect(asked).toEqual(["-ax", "-p 4711"])
  })
})

describe("a Mac", () => {
  it("names processes as they were started", () => {
    const { machine } = aMac()
    const stat = machine.find(4721)
    expect(stat && machine.infoOf(stat)).toEqual({
      pid: 4721,
      command: "/opt/homebrew/bin/python3 -c import time^Jtime.sleep(60)",
      startedAt: 1788855166000
    })
  })

  it("is one boot, whatever its clock is set to, and shows the processes of everyone", () => {
    expect(aMac().machine.here).toEqual({ bootId, pidNamespace: undefined, seesEveryone: true })
  })

  it.each<[string, number, string, "alive" | "gone"]>([
    ["one that runs alive", 4711, "1788855164", "alive"],
    ["one that is stopped alive", 4801, "1788855181", "alive"],
    ["a zombie gone", 4724, "1788855167", "gone"],
    ["one whose pid is another's gone", 4711, "1788855163", "gone"],
    // No process of the machine that runs this test has it either.
    ["one that is not there gone", 2 ** 31 - 1, "1788855163", "gone"]
  ])("calls %s", (_, pid, startToken, liveness) => {
    expect(livenessOf(aMac().machine, { pid, startToken, bootId, pidNamespace: undefined })).toBe(liveness)
  })

  it("on which ps does not run knows nothing, and takes nobody for dead", () => {
    const { machine } = aMac({ plain: undefined, withEnvironment: undefined })
    expect(machine.list()).toBeUndefined()
    expect(machine.pids()).toBeUndefined()
    expect(machine.find(4711)).toBeUndefined()
    expect(machine.treeOf(4711)).toBeUndefined()
    expect(machine.ownersOf(4711)).toBeUndefined()
    expect(livenessOf(machine, { pid: process.pid, startToken: "1", bootId, pidNamespace: undefined })).toBe("unknown")
  })
})

describe("ps", () => {
  it("is run twice for a sweep of all processes", () => {
    const { asked, machine } = aMac()
    for (const pid of machine.pids() ?? []) {
      machine.treeOf(pid)
      machine.ownersOf(pid)
      machine.listed(pid)
    }
    expect(asked).toEqual(["-ax", "-axE"])
  })

  it("is run again when its listing is old, and for each list that proves something", () => {
    const { asked, clock, machine } = aMac()
    machine.treeOf(4720)
    clock.now = 6
    machine.treeOf(4720)
    machine.list()
    machine.pids()
    expect(asked).toEqual(["-ax", "-axE", "-ax", "-axE", "-ax", "-ax"])
  })

  it("is run for each question before a signal, right after a sweep too", () => {
    const { asked, clock, machine } = aMac()
    machine.treeOf(4720)
    const stat = machine.listed(4720)
    expect(stat && isAlive(machine, stat)).toBe(true)
    expect(stat && isAlive(machine, stat)).toBe(true)
    expect(asked).toEqual(["-ax", "-axE", "-p 4720", "-p 4720"])
    clock.now = 6
    machine.listed(4720)
    expect(asked).toHaveLength(5)
  })
})
