import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as TreeCookie from "../../src/TreeCookie.js"

const hosts = FastCheck.record({
  pid: FastCheck.integer({ min: 1, max: 4194304 }),
  startToken: FastCheck.nat().map((ticks) => String(ticks + 1)),
  bootId: FastCheck.option(FastCheck.uuid(), { nil: undefined }),
  pidNamespace: FastCheck.option(
    FastCheck.nat().map((inode) => `pid:[${inode + 1}]`),
    { nil: undefined }
  )
})
const steps = FastCheck.record({
  host: hosts,
  instance: FastCheck.stringMatching(/^[0-9a-z]{1,8}$/),
  child: FastCheck.nat(),
  kind: FastCheck.constantFrom("child" as const, "leavable" as const, "reaper" as const)
}).map((step) => (step.kind === "reaper" ? { ...step, child: 0 } : step))

const pathOf = (path: ReadonlyArray<TreeCookie.Step>) =>
  path.reduce(
    (parent, step) => TreeCookie.extend(parent, TreeCookie.formatHost(step.host, step.instance), step.child, step.kind),
    ""
  )

describe("TreeCookie", () => {
  it("reads back every path that it makes", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(steps, { maxLength: 4 }), (path) => {
        expect(TreeCookie.parse(pathOf(path))).toEqual(path)
      })
    )
  })

  it("leaves out what is not of its making, and throws at nothing", () => {
    expect(TreeCookie.parse("")).toEqual([])
    expect(TreeCookie.parse("/nonsense/7-1-0-0-a.x/7-1-0-0-a.3").map((step) => step.child)).toEqual([3])
    FastCheck.assert(
      FastCheck.property(FastCheck.string(), (text) => {
        TreeCookie.parse(text)
      })
    )
  })

  it("does not hand on what is no path", () => {
    for (const parent of ["some text", "/a b", "relative", "/x\n/y", "/\u00e9"]) {
      expect(TreeCookie.extend(parent, "7-1-0-0-a", 3, "child")).toBe("/7-1-0-0-a.3")
    }
    expect(TreeCookie.extend("/1-2-0-0-b.9", "7-1-0-0-a", 3, "child")).toBe("/1-2-0-0-b.9/7-1-0-0-a.3")
  })

  it("means itself in a pattern", () => {
    FastCheck.assert(
      FastCheck.property(hosts, (host) => {
        expect(TreeCookie.formatHost(host, "a1")).toMatch(/^[0-9a-z-]+$/)
      })
    )
  })
})
