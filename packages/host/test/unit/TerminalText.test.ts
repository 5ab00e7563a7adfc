import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Logfmt from "../../src/Logfmt.js"
import * as TerminalText from "../../src/TerminalText.js"
import { anyText } from "../support/anyText.js"

const { escapeJson, mayHarm, quote, readings, sanitize } = TerminalText

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

  it("removes the parameters of a sequence that does not end, with it", () => {
    for (const start of ["\x1b[", "\x9b", "\x1b[?", "\x1b[1;"]) {
      expect([`a${start}12`, `a${start}12\u00e9`, `a${start}12\n`].map((text) => sanitize(text))).toEqual([
        "a",
        "a\u00e9",
        "a\u240a"
      ])
    }
  })

  it("removes a sequence with control characters inside, and one that CAN or SUB cancels", () => {
    for (const sequence of [
      "\x1b[1\x00m",
      "\x1b[\x071m",
      "\x1b\x00[1\x7fm",
      "\x1b[1\x18",
      "\x1b[1\x1a",
      "\x1b(\x18",
      "\x1b]0;t\x18",
      "\x1bPq\x07q\x1b\\",
      "\x1b[1 2m"
    ]) {
      expect(sanitize(`a${sequence}b`)).toBe("ab")
      expect(readings(`a${sequence}b`)[0]?.text).toBe("ab")
    }
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

describe("TerminalText.readings", () => {
  const texts = (text: string) => readings(text).map((reading) => reading.text)

  it("are none of a text that is read as it stands", () => expect(readings("a\tb\nä 🙂")).toEqual([]))

  it("leave out sequences, whole or cut off, and what has no width", () => {
    for (const hidden of [
      ["\x1b[1m", "\x1b[m"],
      ["\x00\x07"],
      ["\r", "\u200b\u200e\ufeff"],
      ["\x1b(B", "\x1b[K\x1b[01;31"]
    ]) {
      expect(texts(`pass${hidden[0]}\tword\n${hidden[1] ?? ""}`)[0]).toBe("pass\tword\n")
    }
  })

  it("leave out sequences of 8 bits", () => expect(texts("pass\x9b1mword")).toEqual(["password", "pass1mword"]))

  it("have the payload of strings, and another without it", () =>
    expect(texts("a\x1b]8;;http://b/\x1b\\c\x1b]8;;\x07d")).toEqual(["acd", "a8;;http://b/c8;;d"]))

  it("leave out every character that Unicode says is not drawn", () => {
    for (const code of [
      0xfe0f, 0x34f, 0x180e, 0x206a, 0x206f, 0x115f, 0x3164, 0xfff9, 0xfffb, 0x1d173, 0xe0001, 0xe0100, 0x200d, 0xad
    ]) {
      const text = `pass${String.fromCodePoint(code)}word`
      expect([mayHarm(text), texts(text), sanitize(text, { remove: true }).startsWith("pass")]).toEqual([
        true,
        ["password"],
        true
      ])
    }
  })

  it("know the same of them as Unicode", () => {
    const isHidden = /[\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/u
    const differ: Array<string> = []
    for (let code = 0; code <= 0x10ffff; code++) {
      const character = String.fromCodePoint(code)
      const isKept = character === "\t" || character === "\n"
      if (mayHarm(character) !== (!isKept && isHidden.test(character))) differ.push(code.toString(16))
    }
    expect(differ).toEqual([])
  })

  it("leave all that is drawn as it is, emoji of several characters too", () => {
    const text = "na\u0308ive \u{1f469}\u200d\u{1f4bb}\ufe0f \ud800"
    expect(sanitize(text)).toBe(text)
    expect(texts(text)).toEqual(["na\u0308ive \u{1f469}\u{1f4bb} \ud800"])
  })

  it("have the parameters of a sequence without its end, in another", () => {
    expect(texts("pass\x1b[12")).toEqual(["pass", "pass12"])
    expect(texts("pass\x1b[1;2\nword\x1b[m")).toEqual(["pass\nword", "pass1;2\nword"])
    expect(texts("pass\x1b[12mword")).toEqual(["password"])
  })

  it("have a C1 control as a character that is not drawn, in another", () =>
    expect(texts("pass\x9b12\x9dword")).toEqual(["pass", "password", "pass12word"]))

  it("have a backspace in the middle of a sequence erase, and none in a title", () =>
    expect(texts("pasx\x1b[\b1ms\x1b]0;\b\x07").at(-1)).toBe("pass"))

  it("have backspaces erase, in another", () => expect(texts("\b\bp\bpa\ba_\bs🙂\bs")).toEqual(["ppaa_s🙂s", "pass"]))

  it("know where each character was", () => {
    const text = "\x1b[1mab\x1b[mc\x07d\x1b[2"
    for (const { end, start, text: read } of readings(text)) {
      expect([...read].map((_, index) => text.slice(start(index), end(index))).join("")).toBe(read)
    }
  })

  it("know what a character was typed over", () => {
    const text = "1_\ba__\b\b\x1b[1mbc"
    const [, reading] = readings(text)
    expect(reading?.text).toBe("1abc")
    expect([0, 1, 2, 3].map((index) => text.slice(reading?.start(index), reading?.end(index)))).toEqual([
      "1",
      "_\ba",
      "__\b\b\x1b[1mb",
      "c"
    ])
  })

  it("see a text as its lines one by one: a string without its end hides no further line", () => {
    const text = "a\x1b]0;t\nb\x1b[\nc\x1bPq\r\nd"
    expect(texts(text)[0]).toBe("a\nb\nc\nd")
    expect(text.split("\n").map((line) => sanitize(line).replace("\u240d", ""))).toEqual(["a", "b", "c", "d"])
  })
})

/** Strings rich in what a terminal obeys. */
const hostile = FastCheck.array(
  FastCheck.oneof(
    anyText(4),
    FastCheck.constantFrom(
      ...'\x1b\x9b\x9d\x90[]0;31mJ\x07\\\n\r\t\b\x00\x7f\x85\u061c\u200e\u2028\u202e\u2066\u2069\ud800"'
    )
  ),
  { maxLength: 30 }
).map((parts) => parts.join(""))

const suspect = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

describe("whatever the text", () => {
  it("nothing that a terminal obeys is left by sanitize, also the second time", () => {
    FastCheck.assert(
      FastCheck.property(hostile, FastCheck.boolean(), (text, remove) => {
        const shown = sanitize(text, { remove })
        expect(shown).not.toMatch(suspect)
        expect(sanitize(shown)).toBe(shown)
      })
    )
  })

  it("nothing but colours is left where they are kept", () => {
    FastCheck.assert(
      FastCheck.property(hostile, (text) => {
        const shown = sanitize(text, { colour: true })
        expect(shown.replace(/\x1b\[[0-9;:]*m/g, "")).not.toMatch(suspect)
        if (shown.includes("\x1b")) expect(shown.endsWith("\x1b[0m")).toBe(true)
      })
    )
  })

  it("JSON is escaped and equal in value", () => {
    FastCheck.assert(
      FastCheck.property(hostile, (text) => {
        for (const json of [
          escapeJson(JSON.stringify({ [text]: [text] })),
          escapeJson(JSON.stringify({ [text]: text }, null, 2))
        ]) {
          expect(json.replaceAll("\n", "")).not.toMatch(suspect)
          expect(Object.keys(JSON.parse(json) as object)).toEqual([text])
        }
        expect(quote(text)).not.toMatch(suspect)
        expect(JSON.parse(quote(text))).toBe(text)
      })
    )
  })

  it("logfmt is a line that harms no terminal", () => {
    FastCheck.assert(
      FastCheck.property(hostile, (text) => {
        expect(Logfmt.encode([["a", text]])).not.toMatch(suspect)
      })
    )
  })
})

describe("TerminalText.quote", () => {
  it("cuts what is too long", () => expect(quote("x".repeat(20), 5)).toBe('"xxxxx…"'))

  it("takes what a caller without types may give", () =>
    expect([undefined, 7, null].map((value) => quote(value as never))).toEqual(["undefined", "7", "null"]))
})
