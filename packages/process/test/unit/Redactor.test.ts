import { describe, expect, it } from "@effect/vitest"
import * as TerminalText from "@tether/host/TerminalText"
import * as Redacted from "effect/Redacted"
import * as internal from "../../src/internal/redact.js"
import { Tail } from "../../src/internal/tail.js"
import * as Redactor from "../../src/Redactor.js"

const secret = "xyzSECRETabc"
const { finds, redact, redactParts } = Redactor.make({ redact: [secret] })

/** A secret with something in its middle that a terminal does not show. */
const hidden: ReadonlyArray<readonly [name: string, text: string]> = [
  ["a colour, as grep sets it", "xyzSE\x1b[01;31m\x1b[KCRET\x1b[m\x1b[Kabc"],
  ["a colour for each character", [...secret].map((each, at) => `\x1b[38;2;${at};9;9m${each}\x1b[39m`).join("")],
  ["sequences of 8 bits", "xyz\x9b1mSECRET\x9bmabc"],
  ["a link", "xyz\x1b]8;;http://host/path\x1b\\SECRET\x1b]8;;\x1b\\abc"],
  ["a title", "xyz\x1b]0;title\x07SECRETabc"],
  ["a string without its end", "xyz\x1b]0;title\x1b[1mSECRETabc"],
  ["a choice of character set", "xyz\x1b(BSECRET\x0fabc"],
  ["a bell and a NUL", "xyz\x07SECRET\x00abc"],
  ["a carriage return", "xyz\rSECRETabc"],
  ["overstrikes, as man sets it bold", [...secret].map((each) => `${each}\b${each}`).join("")],
  ["underlines, as man sets it", [...secret].map((each) => `_\b${each}`).join("")],
  ["a typing error", "xyzSECC\bRETabc"],
  ["characters without a width", "xyz\u200bSEC\u200e\ufeffRET\u00adabc"],
  ["a direction override", "xyz\u202dSECRET\u202cabc"]
]

/** All that a person may see of a text. */
const seen = (text: string): ReadonlyArray<string> => [
  text,
  TerminalText.sanitize(text),
  ...TerminalText.readings(text).map((reading) => reading.text),
  text.replaceAll(/\x1b\[[0-9;]*[mK]/g, "")
]

describe("a secret is found", () => {
  it.each(hidden)("with %s in its middle", (_name, text) => {
    const shown = redact(`before ${text} after`)
    expect(TerminalText.sanitize(shown)).toBe("before <redacted> after")
    expect(seen(shown).join("\n")).not.toContain(secret)
    expect(finds(text)).toBe(true)
  })

  it("in a title and in a link", () => {
    for (const text of [`\x1b]0;${secret}\x07`, "\x1b]8;;http://xyz\x00SECRETabc/\x1b\\link\x1b]8;;\x1b\\"]) {
      expect(seen(redact(text)).join("\n")).not.toContain(secret)
    }
  })

  it("on every line of a text, whatever string began on another", () => {
    const text = `\x1b]0;never ended\n${secret}\n\x1b[\nxyz\x1b[1mSECRETabc`
    expect(redact(text)).toBe("\x1b]0;never ended\n<redacted>\n\x1b[\n<redacted>\x1b[1m")
  })

  it("and the colours in it stay, because they are those of what follows", () => {
    expect(redact("\x1b[32mok xyz\x1b[31m\x1b[KSECRETabc red\x1b[m plain")).toBe(
      "\x1b[32mok <redacted>\x1b[31m red\x1b[m plain"
    )
  })

  it("where it overlaps another, of which both are replaced", () => {
    const { redact } = Redactor.make({ redact: ["password123", "123456"] })
    expect(redact("pass\x1b[1mword12\x1b[m3456!")).toBe("<redacted>\x1b[1m\x1b[m!")
  })

  it("of several lines: as a whole, with other ends of line, and line by line", () => {
    const { redact, redactParts } = Redactor.make({ redact: ["line-one\n}\n  line-two"] })
    expect(redact("a line-one\n}\n  line-two b")).toBe("a <redacted>\n<redacted>\n<redacted> b")
    expect(redact("a line-one\r\n}\r\n  line-two b")).toBe("a <redacted>\n<redacted>\n<redacted> b")
    expect(redact("line-\x1b[1mone, and line-two, and }")).toBe("<redacted>\x1b[1m, and <redacted>, and }")
    expect(redactParts(["a line-one", "}", "  line-two b"], "\n")).toEqual([
      "a <redacted>",
      "<redacted>",
      "<redacted> b"
    ])
  })

  it("that has sequences itself, with them and without", () => {
    const { redact } = Redactor.make({ redact: ["abcdef\x1b[1mghi\r\nnext-line"] })
    expect([redact("abcdef\x1b[1mghi"), redact("abcdefghi\nnext-line")]).toEqual([
      "<redacted>\x1b[1m",
      "<redacted>\n<redacted>"
    ])
  })

  it("with a newline at its end, in a text without it", () =>
    expect(Redactor.make({ env: { PIN: Redacted.make("1234\n") } }).redact("it is 1234.")).toBe("it is <redacted>."))

  it("that reaches over two arguments, or stands quoted in the line of a shell", () => {
    const { redact, redactParts } = Redactor.make({ redact: ["two words", "it's secret"] })
    expect(redactParts(["echo", "two", "words", "or", "it's secret"], " ")).toEqual([
      "echo",
      "<redacted>",
      "<redacted>",
      "or",
      "<redacted>"
    ])
    expect(redact(`sh -c 'it'\\''s secret'`)).toBe("sh -c '<redacted>'")
  })
})

describe("a text without a secret", () => {
  it("stays as it is, with all that is in it", () => {
    for (const text of ["", "plain", "\x1b[31mred\x1b[m \x07\r\n\b\u200b", "xyz\nSECRETabc", "xyz\tSECRETabc"]) {
      expect(redact(text)).toBe(text)
    }
    const lines = ["a", "b"]
    expect(redactParts(lines, "\n")).toBe(lines)
  })
})

describe("where a text was cut", () => {
  const redactor = internal.make([secret])
  const long = secret.repeat(3).slice(0, 30)

  it("at its end, the start of a secret is replaced, and all of another that it overlaps", () => {
    expect(redactor.redactCut("a xyz\x1b[1mSEC")).toBe("a <redacted>\x1b[1m")
    expect(redactor.redactCut("a xyzSEC\x1b[01;3")).toBe("a <redacted>")
    expect(internal.make(["abcdef", "defghi"]).redactCut("an abcdef")).toBe("an <redacted>")
  })

  it("a line that goes on is held back in the middle of a secret, and of a sequence in it", () => {
    for (const text of ["a xyzSE", "a xyz\x1b[1mSE", "a xyzSE\x1b[01;3", "a xyzSE\x1b]8;;http://ho", "a xyzSE\x1b"]) {
      expect(redactor.endsInside(text)).toBe(true)
    }
    expect(["a xy", secret, "a \x1b[01;3"].map(redactor.endsInside)).toEqual([false, false, false])
  })

  it("at its start, no end of a secret is left, whatever colours it has and wherever it is cut", () => {
    const colourful = [...long].map((each, at) => `\x1b[38;2;${at};9;9m${each}\x1b[39m`).join("")
    const { reach } = internal.make([long])
    for (const text of [long, colourful]) {
      for (let cut = 0; cut <= text.length; cut++) {
        const tail = new Tail(1000 + reach + 1)
        const rest = "-".repeat(1000 + reach + 1 - cut)
        tail.push(new TextEncoder().encode(`more ${text}`))
        tail.push(new TextEncoder().encode(rest))
        const shown = tail.read(1000, internal.make([long]))
        expect(TerminalText.sanitize(shown).replaceAll("<redacted>", "")).toMatch(/^-+$/)
      }
    }
  })

  it("at its start, nothing that is whole is lost: a tail is as long as it may be", () => {
    for (const line of ["x".repeat(9), "\x1b[31mx\x1b[m"]) {
      const tail = new Tail(100 + redactor.reach + 1)
      for (let i = 0; i < 1000; i++) tail.push(new TextEncoder().encode(`${line}\n`))
      expect(tail.read(100, redactor)).toBe(`${line}\n`.repeat(10))
    }
  })
})
