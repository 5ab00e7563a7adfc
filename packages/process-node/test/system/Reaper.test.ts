/**
 * The host's side of its reaper.
 */
import * as Command from "@effect/platform/Command"
import { describe, expect, it } from "@effect/vitest"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import { Socket } from "node:net"
import { afterEach, vi } from "vitest"
import { type Entry, Reaper } from "../../src/internal/reaper.js"
import * as NodeChildSpawner from "../../src/NodeChildSpawner.js"
import { keeper, kill, program, reaperOf } from "../support/hosts.js"
import { marked, waitUntil } from "../support/os.js"
import { ran } from "../support/ran.js"

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

  it.scopedLive(
    "hears of a child first, then what it is and that the host lives, and no leader is its witness once reaped",
    () =>
      Effect.gen(function* () {
        const write = vi.spyOn(Socket.prototype, "write")
        // That the host lives is told again and again, whenever its time has come.
        const told = (kinds: RegExp) =>
          write.mock.calls.map(([text]) => String(text)).filter((text) => kinds.test(text))
        const script = "setsid sleep 60 >/dev/null 2>&1 & read _"
        const { pid } = yield* Supervise.start(Command.make("sh", "-c", script), {
          stdin: "pipe",
          check: false
        })
        expect(told(/^[-+s] /)).toEqual([
          `s ${pid}\n`,
          expect.stringMatching(new RegExp(`^\\+ ${pid} ${pid} \\d+ -\n$`))
        ])
        yield* waitUntil("the reaper is told that the host lives", () => told(/^t \d+\n$/).length > 0)
        kill(pid)
        yield* waitUntil("another witness", () => told(/^- /).length > 0)
        expect(told(/^[-+s] /).at(-1)).toMatch(new RegExp(`^- ${pid}\n\\+ ${pid} 0 - -\n$`))
      }).pipe(Effect.provide(NodeChildSpawner.layer))
  )

  it.effect("of a worker thread leaves no zombie when the thread ends", () =>
    Effect.promise(async () => {
      const { stdout } = await ran(process.execPath, [program("workers.mjs"), "true"])
      expect(JSON.parse(stdout)).toEqual([])
    })
  )

  it.effect("of a worker thread does not kill the child of a living worker", () =>
    Effect.promise(async () => {
      // A killed child fails the worker, and with it the program.
      const words = [program("workers.mjs"), "sleep", "0.4"]
      expect(await ran(process.execPath, words)).toMatchObject({ status: 0 })
    })
  )

  it.scopedLive("of a worker thread is replaced when it is killed, and ends the children with the program", () =>
    Effect.gen(function* () {
      const mark = `worker-${process.pid}-${Date.now()}`
      const host = yield* keeper(mark, [{ sh: "setsid sleep 60 & sleep 60" }], "worker-keeper.mjs")
      const first = reaperOf(host.pid) as number
      kill(first)
      yield* waitUntil("the worker has another reaper", () => ![undefined, first].includes(reaperOf(host.pid)))
      expect(marked(mark).length).toBeGreaterThan(1)
      kill(host.pid)
      yield* waitUntil("its children are gone", () => marked(mark).length === 0)
    })
  )
})
