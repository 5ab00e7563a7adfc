import { describe, expect, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Logfmt from "../../src/Logfmt.js"
import { anyText } from "../support/anyText.js"

// Any UTF-16 at all, and often what is delicate.
const delicate = FastCheck.constantFrom(...' ="\\\n\r\t\0\x18\x7f\x85\u00a0\u2028\u2029\u202e\ufeff\ud800\udc00u0n')
const texts = FastCheck.oneof(
  anyText(),
  FastCheck.string({ unit: delicate }),
  FastCheck.array(FastCheck.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units))
)
const keys = FastCheck.oneof(
  FastCheck.stringMatching(/^[a-z_]{1,8}$/),
  texts.filter(Logfmt.isKey),
  FastCheck.constant("__proto__")
)
const records = FastCheck.array(FastCheck.tuple(keys, texts), { maxLength: 8 })

const decoded = (line: string) => Either.getOrThrowWith(Logfmt.decode(line), (error) => error)
const utf8 = (text: string) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(text))

describe("Logfmt", () => {
  it("reads back every record, through UTF-8 and any reader of lines", () => {
    FastCheck.assert(
      FastCheck.property(records, (record) => {
        const line = Logfmt.encode(record)
        expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/)
        expect(decoded(utf8(line))).toEqual(record)
      }),
      { numRuns: 2000 }
    )
  })

  it("writes what it has read as it was", () => {
    FastCheck.assert(
      FastCheck.property(records, (record) => {
        const line = Logfmt.encode(record)
        expect(Logfmt.encode(decoded(line))).toBe(line)
      })
    )
  })

  it.each<[string, string]>([
    ["", "a="],
    ["0", "a=0"],
    ["SIGKILL", "a=SIGKILL"],
    ["é/ü:[]{},;'`", "a=é/ü:[]{},;'`"],
    ["😀", "a=😀"],
    ["two words", `a="two words"`],
    [" ", `a=" "`],
    ["\u00a0", `a="\u00a0"`],
    ["k=v", `a="k=v"`],
    ['"', `a="\\""`],
    ["C:\\new", `a="C:\\\\new"`],
    ["a\nb\r\tc", `a="a\\nb\\r\\tc"`],
    ["\0\x1b[1m\x7f\x85", `a="\\u0000\\u001b[1m\\u007f\\u0085"`],
    ["\u2028\u2029\u202e", `a="\\u2028\\u2029\\u202e"`],
    ["\ud83d", `a="\\ud83d"`],
    ["\ude00\ud83d", `a="\\ude00\\ud83d"`]
  ])("writes %j as %s", (value, line) => {
    expect(Logfmt.encode([["a", value]])).toBe(line)
    expect(decoded(line)).toEqual([["a", value]])
  })

  it("keeps the order, and fields that occur twice", () => {
    expect(
      Logfmt.encode([
        ["b", "1"],
        ["a", ""],
        ["b", "2"]
      ])
    ).toBe("b=1 a= b=2")
    expect(Logfmt.encode({ pid: "7", dead_signal: "" })).toBe("pid=7 dead_signal=")
    expect(Logfmt.toRecord(decoded("b=1 a= b=2"))).toEqual({ b: "2", a: "" })
    expect(Logfmt.encode([])).toBe("")
    expect(decoded("   ")).toEqual([])
  })

  it.each(["", "a b", "a=b", '"a', "a\\", "a\n", "a\u2028", "\ud800", "\u00a0"])("takes no key %j", (key) => {
    expect(Logfmt.isKey(key)).toBe(false)
    expect(() => Logfmt.encode([[key, "1"]])).toThrow(TypeError)
  })

  it.each<[string, number, string]>([
    ["pid=1 lab", 6, "a field has no ="],
    ['pid=1 label="de', 12, "the quoted value has no end"],
    ['a="x"y', 5, "no space follows the quoted value"],
    ["a=b=c", 2, "this value needs quotes"],
    ['a=b"c', 2, "this value needs quotes"],
    ["=1", 0, "this is no key"],
    ['a="\\x"', 3, "an escape is unknown"],
    ['a="\\u12"', 3, "an escape is unknown"],
    ['a="b\nc"', 4, "a character must be escaped"],
    ["a=1\nb=2", 2, "this value needs quotes"]
  ])("refuses %j at %i", (line, offset, problem) => {
    const result = Logfmt.decode(line)
    expect(Either.isLeft(result) && result.left).toMatchObject({ _tag: "LogfmtError", offset, problem })
    expect(Either.isLeft(result) && result.left.message).toBe(`not logfmt at offset ${offset}: ${problem}`)
  })

  it("throws at nothing it reads", () => {
    FastCheck.assert(
      FastCheck.property(texts, (line) => {
        Logfmt.decode(line)
      })
    )
  })
})
