/**
 * Descriptors above 15 that the program itself was started with, as by `flock 200; … 200>lock` in a script: Node
 * neither closes them nor sets close-on-exec, and every program that it starts would have them too.
 */
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { program } from "../support/hosts.js"
import { ran } from "../support/ran.js"

interface Answer {
  readonly children: Readonly<Record<string, ReadonlyArray<string>>>
  readonly reapers: ReadonlyArray<ReadonlyArray<string>>
  readonly given: ReadonlyArray<string>
  readonly named: ReadonlyArray<string>
  readonly reused: ReadonlyArray<string>
}

/** What a program tells that was started with one file at each of these numbers; and all that it says. */
const ask = async (
  numbers: ReadonlyArray<number>,
  prefix: ReadonlyArray<string> = []
): Promise<readonly [Answer, string]> => {
  const directory = mkdtempSync(join(tmpdir(), "tether-inherited-"))
  const fd = openSync(join(directory, "lock"), "w")
  try {
    const stdio = Array.from({ length: Math.max(...numbers) + 1 }, (_, index) =>
      index === 1 || index === 2 ? "pipe" : numbers.includes(index) ? fd : "ignore"
    )
    const [file = "", ...args] = [...prefix, process.execPath, program("inherited.mjs"), directory]
    const { stderr, stdout } = await ran(file, args, { stdio })
    const answer = /^answer (.*)$/m.exec(stdout)?.[1]
    if (answer === undefined) throw new Error(`no answer, but ${stdout}${stderr}`)
    return [JSON.parse(answer), stdout]
  } finally {
    closeSync(fd)
    rmSync(directory, { recursive: true })
  }
}

/** Of the program's descriptors these alone: others may have come from whatever started the tests. */
const only = (numbers: ReadonlyArray<number>, fds: ReadonlyArray<string> = []) =>
  numbers.flatMap((number) => fds.filter((line) => line.startsWith(`${number} `)))

describe("descriptors that the program was started with", () => {
  const numbers = [63, 200]
  let answer: Answer
  beforeAll(async () => {
    ;[answer] = await ask(numbers)
  })

  it.each(["plain", "uncontained", "with descriptors", "with pipes", "stage", "executor"])(
    "are /dev/null in a child (%s)",
    (kind) => expect(only(numbers, answer.children[kind])).toEqual(["63 /dev/null", "200 /dev/null"])
  )

  it("are /dev/null in the reaper", () => {
    expect(answer.reapers.map((fds) => only(numbers, fds))).toEqual([["63 /dev/null", "200 /dev/null"]])
  })

  it("do not take the place of what a child is given", () => {
    expect(only([5, 100], answer.children["with descriptors"])).toEqual(["5 /dev/null", "100 /dev/null"])
  })

  it("are left to a child that is given one by its number", () => {
    expect(only(numbers, answer.given)).toEqual(["63 /dev/null", "200 file"])
  })

  it("are left to a program that has one by name among its words, as from bash's <(…)", () => {
    expect(only(numbers, answer.named)).toEqual(["63 file", "200 /dev/null"])
  })

  it("are nothing to a child once the number was closed and used again", () => {
    expect(only(numbers, answer.reused)).toEqual(["63 /dev/null"])
  })

  it("are named in the log, once, where the limit on open files leaves no number to cover them with", async () => {
    const [{ children }, output] = await ask([...numbers, 255], ["prlimit", "--nofile=256"])
    expect(only([...numbers, 255], children["plain"])).toEqual(["63 /dev/null", "200 /dev/null", "255 file"])
    expect(output.match(/children inherit descriptor 255\b/g)).toHaveLength(1)
  })
})
