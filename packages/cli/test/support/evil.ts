/**
 * A text that harms a terminal, and the command that must not pass it on.
 */
import { expect } from "vitest"
import { tetherHere } from "./here.js"

/** What a terminal obeys, or what makes a line read differently: each of a different kind. */
export const evil = "\x1b]52;c;aGk=\x07\x1b[2J\x9b2J\x07\r\x7f\u061c\u200e\u200f\u2028\u2029\u202e\u2066evil"

export const suspect = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/

/** Runs the command in this process: nothing in its output harms a terminal. */
export const harmless = async (...words: ReadonlyArray<string>) => {
  const ended = await tetherHere(words)
  expect(ended.stdout).not.toMatch(suspect)
  expect(ended.stderr).not.toMatch(suspect)
  return ended
}
