import { describe, expect, it } from "@effect/vitest"
import * as TerminalText from "@tether/host/TerminalText"
import * as FastCheck from "effect/FastCheck"
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
  ["a direction override", "xyz\u202dSECRET\u202cabc"],
  ["variation selectors", "xyz\ufe0fSEC\u{e0100}RETabc"],
  ["a grapheme joiner, a filler and a tag", "xyz\u034fSEC\u115fRET\u{e0001}abc"],
  ["deprecated and annotating format characters", "xyz\u206aSEC\ufff9RET\u180eabc"],
  ["control characters within a sequence", "xyz\x1b[1\x00mSEC\x1b[\x071mRET\x1b\x00(\x7fBabc"],
  ["a cancelled sequence", "xyz\x1b[1\x18SEC\x1b[1\x1aRET\x1b]0;t\x18abc"],
  ["a string with a bell in it", "xyz\x1bPq\x07q\x1b\\SECRETabc"],
  ["a sequence without its end", "xyz\x1b[12\u200bSECRETabc"],
  ["a sequence for terminals with 8 bits only", "xyzSECR\u009bETabc"]
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

  it("also with its own end as the parameters of a sequence that does not end", () => {
    const { redact } = Redactor.make({ redact: ["hunter12"] })
    for (const text of ["hunter\x1b[12", "hunter\x9b12", "a hunter\x1b[12\nb", "hunter\x1b[12\x18"]) {
      for (const options of [{}, { remove: true }, { colour: true }]) {
        expect(
          redact(text)
            .split("\n")
            .map((line) => TerminalText.sanitize(line, options))
            .join("\n")
        ).not.toContain("hunter12")
      }
    }
  })

  it("also in the colours that would stay in its place", () =>
    expect(Redactor.make({ redact: ["1234"] }).redact("12\x1b[1234m34 a")).toBe("<redacted> a"))

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

describe("lines", () => {
  it("have no start of a secret where their end was cut off, nor the later lines of one of short lines", () => {
    const { redactLines } = Redactor.make({ redact: ["ab12\ncd34", "hunter12-long"] })
    expect(
      redactLines(
        ["ab12", "cd34zz", "key hunter", "key hunter"],
        new Map([
          [1, 21],
          [2, 5]
        ])
      )
    ).toEqual(["<redacted>", "<redacted>zz", "key <redacted>", "key hunter"])
    expect(redactLines(["x", "ab12", "cd"], new Map([[2, 9]]))).toEqual(["x", "<redacted>", "<redacted>"])
  })

  it("without a secret are the same array", () => {
    const lines = ["a", "b"]
    expect(Redactor.make({ redact: [secret] }).redactLines(lines, new Map([[1, 7]]))).toBe(lines)
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

  it("at its start, a title, a link, parameters and backspaces are no text that is counted", () => {
    const secret = "hunter2-secret-word"
    const redactor = internal.make([secret])
    const limit = 1024 + redactor.reach + 1
    for (const hidden of [
      (length: number) => `\x1b]8;;${"p".repeat(length)}\x07`,
      (length: number) => `\x9d8;;${"p".repeat(length)}\x9c`,
      (length: number) => `\x1bP${"p".repeat(length)}\x07p\x1b\\`,
      (length: number) => `\x1b[${"1;".repeat(length / 2)}m`,
      (length: number) => `\x9b${"1;".repeat(length / 2)}m`,
      (length: number) => "p\b".repeat(length / 2)
    ]) {
      for (const length of [100, 300, 600, 1400]) {
        for (let cut = 0; cut < length; cut += 23) {
          const end = `${hidden(length)}${secret.slice(2)}`
          const tail = new Tail(limit)
          tail.push(new TextEncoder().encode(`${"x".repeat(5000)}hu${end}`))
          tail.push(new TextEncoder().encode("y".repeat(Math.max(0, limit - secret.length - cut))))
          expect(tail.read(1024, redactor)).not.toMatch(/nter|2-se|ret-w|word/)
        }
      }
    }
  })

  it("at its start, no later line of a secret of short lines is left", () => {
    const redactor = internal.make(["ab12\ncd34\nef56\ngh78"])
    for (let cut = 1; cut < 700; cut++) {
      const tail = new Tail(100 + redactor.reach + 1)
      tail.push(new TextEncoder().encode(`${"x".repeat(1000)}\nab12\n\x1b[${"1;".repeat(200)}mcd34\nef56\ngh78\n`))
      tail.push(new TextEncoder().encode(`${"yyyyyyyyy\n".repeat(50)}`.slice(0, cut)))
      expect(tail.read(100, redactor)).not.toMatch(/ab12|cd34|ef56|gh78/)
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

describe("a secret of thousands of lines", () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `secret-line-${index * 7919}`)
  const many = Redactor.make({ redact: [lines.join("\n")] })

  it("is found line by line, at the end of a cut one too", () => {
    expect(many.redact(`a ${lines[4711]} b ${lines[19_999]}\nsecret-line-x`)).toBe(
      "a <redacted> b <redacted>\nsecret-line-x"
    )
    expect(many.redact("secr\x1b[1met-line-7919")).toBe("<redacted>\x1b[1m")
    expect(many.redactCut("a secret-line-79")).toBe("a <redacted>")
    expect(many.finds(lines.join("\n"))).toBe(true)
  })
})

/** Strings in which a secret stands, with what a terminal obeys in its middle. */
const noise = FastCheck.array(
  FastCheck.constantFrom(
    ..."\x1b \x1b[ \x1b] [ ] \x9b \x9d \x9c \x07 \x1b\\ \x1bP \b \r \n \x00 \x18 m 1 ; 2 ! ~ ? a b ab ab1 1;2m ;2m 2m".split(
      " "
    ),
    ..."\u200b \ufe0f \x7f x ( \x1b( \t \x90 \x1b\x00".split(" "),
    " "
  ),
  { maxLength: 4 }
).map((parts) => parts.join(""))

const hiding = (word: string) =>
  FastCheck.array(FastCheck.oneof({ weight: 2, arbitrary: FastCheck.constant("") }, noise), {
    minLength: word.length + 1,
    maxLength: word.length + 1
  }).map((parts) => parts.map((part, index) => part + word.charAt(index)).join(""))

describe("whatever is in the middle of a secret", () => {
  // The secrets are made of what sequences are made of.
  it.each(["ab12", "a;2m", "1;2m", "1234", "b[1m", "hunter12"])("%s is not shown", (word) => {
    const redactor = internal.make([word])
    FastCheck.assert(
      FastCheck.property(hiding(word), FastCheck.nat(60), FastCheck.nat(60), (text, before, after) => {
        const redacted = redactor.redact(text)
        const lines = redactor.redactLines(text.split("\n"))
        for (const line of [...redacted.split("\n"), ...lines]) {
          expect(TerminalText.sanitize(line)).not.toContain(word)
          expect(TerminalText.sanitize(line, { remove: true })).not.toContain(word)
          expect(TerminalText.sanitize(line, { colour: true }).replaceAll(/\x1b\[[0-9;:]*m/g, "")).not.toContain(word)
        }
        expect(redactor.redact(redacted)).toBe(redacted)
        // An escape before a secret takes its first character away.
        if (!redactor.finds(text)) return
        const tail = new Tail(40 + redactor.reach + 1)
        tail.push(new TextEncoder().encode("q".repeat(before * 5) + text + "w".repeat(after * 5)))
        for (const line of tail.read(40, redactor).split("\n")) {
          expect(TerminalText.sanitize(line, { remove: true })).not.toContain(word)
        }
      }),
      { numRuns: 500 }
    )
  })
})
