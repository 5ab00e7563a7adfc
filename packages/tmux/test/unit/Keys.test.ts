import { describe, expect, it } from "vitest"
import * as Keys from "../../src/Keys.js"

describe("a key of tmux", () => {
  it.each([...Keys.names, "enter", "x", "é", "C-c", "C-M-Up", "^C", "^", "-", "C--", "0x1b"])("is known: %s", (word) =>
    expect(Keys.isKey(word)).toBe(true)
  )
  it.each(["Entr", "", "C-", "C-Entr", "ls", "F13", "0x"])("is not known, and would be typed: %j", (word) =>
    expect(Keys.isKey(word)).toBe(false)
  )
})
