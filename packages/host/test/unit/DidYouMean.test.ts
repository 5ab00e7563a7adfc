/**
 * Suggestions for unknown words.
 */
import { describe, expect, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as DidYouMean from "../../src/DidYouMean.js"

const known = ["label", "timeout", "containment", "cwd"]

describe("a word that does not exist", () => {
  it.each([
    ["timeOut", "timeout"],
    ["lable", "label"],
    ["contaiment", "containment"],
    ["cmd", "cwd"],
    ["cdw", "cwd"],
    ["colour", undefined],
    ["", undefined]
  ])("%s: the closest one is %s", (word, meant) => expect(DidYouMean.closest(word, known)).toBe(meant))

  it("is shown in quotes, on one line, and cut to a fixed length", () => {
    expect(DidYouMean.quoted("timeOut", known)).toBe('"timeOut" (did you mean "timeout"?)')
    expect(DidYouMean.quoted("colour", known)).toBe('"colour"')
    expect(DidYouMean.quoted("x", [])).toBe('"x"')
    fc.assert(
      fc.property(fc.fullUnicodeString({ maxLength: 300 }), (word) => {
        const shown = DidYouMean.quoted(word, known)
        expect(shown).not.toMatch(/[\n\r\x1b]/)
        expect(shown.length).toBeLessThan(600)
      })
    )
  })
})
