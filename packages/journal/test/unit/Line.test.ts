import { describe, expect, it } from "@effect/vitest"
import { ExitRecord } from "@tether/journal/ExitRecord"
import * as Arbitrary from "effect/Arbitrary"
import * as fc from "effect/FastCheck"
import * as Option from "effect/Option"
import { fromLine, toLine } from "../../src/internal/line.js"

const record = Arbitrary.make(ExitRecord)
  .map((each) => {
    // What a journal writes: whole milliseconds, one kind of death, and text where there is any.
    const { deadSignal: _, ...exited } = each
    const ts = Math.trunc(Math.abs(each.ts % 4e12)) || 0
    const { oom, ...rest } = each.deadStatus === undefined ? each : exited
    return {
      ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined && value !== "")),
      ...(oom !== undefined && { oom }),
      ...(rest.uptime !== undefined && { uptime: Math.abs(rest.uptime) }),
      id: each.id,
      ev: each.ev,
      identity: each.identity,
      ts
    } as ExitRecord
  })
  .filter((each) => each.ev !== "session-start" || (each.deadStatus === undefined && each.deadSignal === undefined))

describe("a line", () => {
  it.each(["logfmt", "json"] as const)("gives back the record that it was made of: %s", (format) => {
    fc.assert(
      fc.property(record, (each) => {
        const line = toLine(each, format)
        expect(line).not.toMatch(/[\n\u2028\u2029\u0085]/)
        expect(Option.getOrThrow(fromLine(line))).toEqual(each)
      }),
      { numRuns: 300 }
    )
  })

  it("begins with what most are looking for, in a fixed order", () => {
    const common = { id: "01J", ts: 0, identity: "night build", endedBy: "outside", pid: 4711 } as const
    expect(toLine({ ...common, ev: "session-exit", deadSignal: "SIGKILL" }, "logfmt")).toBe(
      `ts=1970-01-01T00:00:00.000Z ev=session-exit identity="night build" dead_status= dead_signal=SIGKILL id=01J pid=4711 ended_by=outside`
    )
    expect(toLine({ ...common, ev: "session-exit", deadStatus: 0 }, "logfmt")).toContain(" dead_status=0 dead_signal= ")
    expect(toLine({ ...common, ev: "session-start" }, "logfmt")).not.toContain("dead_")
  })

  it("of somebody else is none, nor half a line, nor one without its time", () => {
    for (const line of [
      "hello",
      "{",
      `{"id":1}`,
      "ts=now ev=session-exit identity=x id=1",
      `ts=2026-01-01T00:00:00.000Z ev=session-exit identity="x`
    ]) {
      expect(Option.isNone(fromLine(line))).toBe(true)
    }
  })
})
