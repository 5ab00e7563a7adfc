import { describe, expect, it } from "@effect/vitest"
import * as TerminalText from "../src/TerminalText.js"

const { mayHarm, sanitize, stripSequences } = TerminalText

describe("TerminalText.sanitize", () => {
  it("leaves plain text alone", () => {
    const text = "a ä € 🙂 \t x"
    expect([sanitize(text), mayHarm(`${text}\n${text}`)]).toEqual([text, false])
  })

  it("shows a lone escape as its picture", () => expect(sanitize("a\x1b")).toBe("a\u241b"))

  it("removes sequences, 7 bit and 8 bit, terminated or not", () => {
    for (const sequence of ["\x1b[2J", "\x1b[01;31m", "\x9b2J", "\x1b]0;title\x07", "\x1b]8;;http://a/\x1b\\"]) {
      expect(sanitize(`a${sequence}b`)).toBe("ab")
    }
    expect(["\x1b]0;title", "\x9d0;title", "\x1bPq", "\x1bc"].map((sequence) => sanitize(`a${sequence}`))).toEqual(
      Array(4).fill("a")
    )
  })

  it("keeps colours if asked, and ends them at the end of the line", () => {
    expect(sanitize("\x1b[31mred\x1b[2J", { colour: true })).toBe("\x1b[31mred\x1b[0m")
    expect(sanitize("a\x1b[2J", { colour: true })).toBe("a")
  })

  it("replaces each character that changes the direction or the end of a line", () => {
    for (const code of [
      0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069
    ]) {
      const text = `a${String.fromCharCode(code)}b`
      expect([sanitize(text), sanitize(text, { colour: true }), mayHarm(text)]).toEqual(["a\ufffdb", "a\ufffdb", true])
    }
  })
})

describe("TerminalText.stripSequences", () => {
  it("removes sequences and nothing else", () =>
    expect(stripSequences("a\x1b[1mb\x1b[m\n\x07c\x1b]0;t\x07d\u202e")).toBe("ab\n\x07cd\u202e"))

  it("sees a text as its lines one by one: a string without its end hides no further line", () => {
    const text = "a\x1b]0;t\nb\x1b[\nc\x1bPq\r\nd"
    expect(stripSequences(text)).toBe(text.split("\n").map(stripSequences).join("\n"))
    expect(stripSequences(text)).toContain("\nd")
  })
})
