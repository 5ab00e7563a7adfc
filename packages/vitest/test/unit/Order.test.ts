import { describe, expect, it } from "@effect/vitest"
import { type Expected, expectOrder } from "@tether/vitest/Order"
import * as Option from "effect/Option"

const log = ["spawned server", "spawned worker", "sent SIGTERM", "server ended", "worker ended"]
const steps = [
  { step: "a", at: 1 },
  { step: "b", at: 2 },
  { step: "c", at: 3 }
]

const messageOf = <A>(events: Iterable<A>, expected: ReadonlyArray<Expected<A>>): string => {
  try {
    expectOrder(events, expected)
    return ""
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe("holds", () => {
  it.each<[string, Iterable<unknown>, ReadonlyArray<Expected<unknown>>]>([
    ["nothing expected", [], []],
    ["all of them", log, log],
    ["some with others between", log, ["spawned server", "worker ended"]],
    ["a part of a text", log, ["SIGTERM"]],
    ["patterns, with a flag that remembers", log, [/^spawned/g, /^spawned/g]],
    ["predicates", log, [(event: unknown) => String(event).startsWith("sent")]],
    ["the same one twice", ["tick", "tick"], ["tick", "tick"]],
    [
      "equal objects",
      steps,
      [
        { step: "a", at: 1 },
        { step: "c", at: 3 }
      ]
    ],
    ["matchers within objects", steps, [{ step: "b", at: expect.any(Number) }, expect.objectContaining({ step: "c" })]],
    ["values of Effect", [Option.none(), Option.some(1)], [Option.some(1)]],
    ["numbers of any iterable", new Set([1, 2, 3]), [1, 3]]
  ])("%s", (_, events, expected) => {
    expect(messageOf(events, expected)).toBe("")
  })
})

describe("names", () => {
  it("one that is missing, with all events", () => {
    expect(messageOf(log, ["spawned worker", "sent SIGKILL"])).toBe(
      [
        "expected event 2 of 2, sent SIGKILL, is missing after 2",
        "    1. spawned server",
        "  ✓ 2. spawned worker",
        "    3. sent SIGTERM",
        "    4. server ended",
        "    5. worker ended"
      ].join("\n")
    )
  })

  it("one that comes too early", () => {
    expect(messageOf(log, ["worker ended", "server ended"])).toBe(
      [
        "expected event 2 of 2, server ended, comes too early: it is 4, before 5, which is worker ended",
        "    1. spawned server",
        "    2. spawned worker",
        "    3. sent SIGTERM",
        "    4. server ended",
        "  ✓ 5. worker ended"
      ].join("\n")
    )
  })

  it("one that comes once and not twice", () => {
    expect(messageOf(["tick"], ["tick", "tick"])).toBe("expected event 2 of 2, tick, is missing after 1\n  ✓ 1. tick")
  })

  it("values, patterns and predicates", () => {
    const isLate = (event: unknown) => event === "late"
    expect(messageOf(steps, [{ step: "d", at: 4 }])).toContain(
      "expected event 1 of 1, { step: 'd', at: 4 }, is missing\n"
    )
    expect(messageOf(log, [/^killed/])).toContain("expected event 1 of 1, /^killed/, is missing\n")
    expect(messageOf(log, [isLate])).toContain("expected event 1 of 1, isLate, is missing\n")
  })

  it("that there was nothing at all", () => {
    expect(messageOf([], ["up"])).toBe("expected event 1 of 1, up, is missing\n  there are no events")
  })
})
