import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { Exited, format, schema, Signaled } from "../../src/ExitStatus.js"
import * as Redactor from "../../src/internal/redact.js"
import { Tail } from "../../src/internal/tail.js"
import { formatDuration } from "../../src/internal/text.js"
import { ProcessFailed } from "../../src/ProcessFailed.js"
import * as StopPlan from "../../src/StopPlan.js"

describe("ExitStatus", () => {
  it("survives a trip through JSON", () => {
    for (const status of [Exited(137), Signaled("SIGKILL")]) {
      expect(Schema.decodeUnknownSync(schema)(JSON.parse(JSON.stringify(status)))).toEqual({ ...status })
    }
  })

  it("tells 137 from SIGKILL", () => {
    expect([format(Exited(137)), format(Signaled("SIGKILL"))]).toEqual(["exited with code 137", "was ended by SIGKILL"])
  })
})

describe("StopPlan", () => {
  it("reads as words", () => {
    expect(StopPlan.describe(StopPlan.default)).toBe("SIGTERM, 5s, SIGKILL")
    expect(StopPlan.describe(StopPlan.kill)).toBe("SIGKILL")
    expect(
      StopPlan.describe(StopPlan.make(StopPlan.closeStdin("1 second"), StopPlan.signal("SIGINT", "500 millis")))
    ).toBe("end of input, 1s, SIGINT, 500ms, SIGKILL")
  })
})

describe("ProcessFailed", () => {
  const error = new ProcessFailed({
    label: "build",
    command: "make",
    args: ["all"],
    cwd: undefined,
    pid: 1,
    status: Exited(3),
    endedBy: "child",
    stderr: "a\n\nb\n",
    stdout: "",
    duration: Duration.millis(1234),
    drained: { _tag: "Eof" },
    bodyCause: Cause.fail("x")
  })

  it("has a message of one line and a pretty form with an indented note", () => {
    expect(error.message).toBe(`"build" (make all) exited with code 3 after 1.2 s`)
    expect(error.pretty).toBe(`"build" (make all) exited with code 3 after 1.2 s\n|_.stderr:\n   a\n   \n   b`)
  })

  it("shows its message where Effect prints a cause", () => {
    expect(Cause.pretty(Cause.fail(error))).toContain(`"build" (make all) exited with code 3 after 1.2 s`)
  })
})

describe("durations for people", () => {
  it.each([
    [0, "0 ms"],
    [999, "999 ms"],
    [1000, "1 s"],
    [1234, "1.2 s"],
    [59_999, "1 m 0 s"],
    [125_000, "2 m 5 s"],
    [11_040_000, "3 h 4 m"]
  ])("%i is %s", (millis, text) => expect(formatDuration(millis)).toBe(text))
})

describe("the tail", () => {
  const nothing = Redactor.make([])
  const tailOf = (limit: number, ...chunks: ReadonlyArray<string>) => {
    const tail = new Tail(limit + 1)
    for (const chunk of chunks) tail.push(new TextEncoder().encode(chunk))
    return tail.read(limit, nothing)
  }

  it("is all of a short output", () => expect(tailOf(10, "abc\n", "def")).toBe("abc\ndef"))
  it("is cut at a line start", () => expect(tailOf(10, "first\nsecond\nx")).toBe("second\nx"))
  it("keeps a whole first line", () => expect(tailOf(8, "first\nsecond\nx")).toBe("second\nx"))
  it("is the end of one long line", () => expect(tailOf(5, "0123456789")).toBe("56789"))
  it("is the end of one long line with its newline", () => expect(tailOf(5, "0123456789\n")).toBe("6789\n"))
  it("is made of any chunks", () => {
    const text = Array.from({ length: 100 }, (_, index) => `line ${index}\n`).join("")
    for (let size = 1; size < 40; size++) {
      const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
        text.slice(i * size, (i + 1) * size)
      )
      expect(tailOf(30, ...chunks)).toBe("line 97\nline 98\nline 99\n")
    }
  })
  it("never begins inside a character", () => expect(tailOf(5, "🙂🙂🙂")).toBe("🙂"))
})
