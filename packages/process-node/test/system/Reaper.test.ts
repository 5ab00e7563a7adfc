/**
 * The host's side of its reaper.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { Socket } from "node:net"
import { afterEach, vi } from "vitest"
import { type Entry, Reaper } from "../../src/internal/reaper.js"
import { program } from "../support/hosts.js"

const group = (pid: number): Entry => ({ _tag: "Group", pid, witness: pid, startToken: "4711", leavable: undefined })

afterEach(() => vi.restoreAllMocks())

describe("a reaper", () => {
  it("hears of the end of a group at once: by the next message its id may belong to a stranger", () => {
    const written: Array<string> = []
    vi.spyOn(Socket.prototype, "write").mockImplementation((text) => {
      written.push(String(text))
      return true
    })
    const reaper = new Reaper("1-1-0-0-a", undefined)
    const entry = group(7)
    reaper.ensure()
    reaper.add(entry)
    reaper.remove(entry)
    expect(written).toEqual(["+ 7 7 4711 -\n", "- 7\n"])
  })

  it.effect("of a worker thread leaves no zombie when the thread ends", () =>
    Effect.sync(() => {
      const zombies = execFileSync(process.execPath, [program("workers.mjs")], { encoding: "utf8", timeout: 100_000 })
      expect(JSON.parse(zombies)).toEqual([])
    })
  )
})
