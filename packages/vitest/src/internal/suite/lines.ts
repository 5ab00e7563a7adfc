/**
 * From the bytes that a child writes to the lines that its reader gets.
 */
import type { StreamName } from "@tether/process/ChildDriver"
import * as Supervise from "@tether/process/Supervise"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import * as Script from "../../Script.js"
import { type Case, letTimePass, make } from "./case.js"
import { lineRecord, program, run, start } from "./children.js"

/** The lines of a child that writes these chunks, one after the other. */
const linesOf = (...chunks: ReadonlyArray<Script.Data>) =>
  Effect.gen(function* () {
    const record = lineRecord()
    const { stdout } = yield* run([Script.stdout(...chunks)], { onLines: { stdout: record.onLines } })
    expect(stdout.lines).toBe(record.texts.length)
    return record.texts
  })

export const lines: ReadonlyArray<Case> = [
  make(
    "keeps every character whole, wherever its bytes are cut",
    Effect.gen(function* () {
      expect(yield* linesOf(...Script.bytewise("aé漢🦀\nü\n"))).toEqual(["aé漢🦀", "ü"])
    })
  ),
  make(
    "trims a carriage return before a newline, also where the two are cut apart, and no other",
    Effect.gen(function* () {
      expect(yield* linesOf("one\r", "\ntwo\r\n", "th\rree\r", "\r\n", "four\r")).toEqual([
        "one",
        "two",
        "th\rree\r",
        "four\r"
      ])
    })
  ),
  make(
    "delivers a last line without a newline, and says that it has none",
    Effect.gen(function* () {
      const ends: Array<readonly [string | undefined, boolean]> = []
      const report = yield* run([Script.stdout("one\n", "tw", "o")], {
        onLines: { stdout: (more, info) => void ends.push([more.at(-1), info.terminated]) }
      })
      expect(ends.at(-1)).toEqual(["two", false])
      expect(report.stdout).toMatchObject({ bytes: 7, lines: 2, tail: "one\ntwo" })
    })
  ),
  make(
    "makes no line of no output, and an empty one of each newline",
    Effect.gen(function* () {
      const both = Effect.all([linesOf(), linesOf("\n\n", "\n")], { concurrency: "unbounded" })
      expect(yield* both).toEqual([[], ["", "", ""]])
    })
  ),
  make(
    "ends lines at newlines only, and neither at U+2028, U+2029, U+0085 nor at NUL",
    Effect.gen(function* () {
      const line = "a\u2028b\u2029c\u0085d\0e\vf\fg"
      expect(yield* linesOf(`${line}\n${line}\n`)).toEqual([line, line])
    })
  ),
  make(
    "replaces bytes that are not UTF-8, and loses nothing around them",
    Effect.gen(function* () {
      const bytes = new Uint8Array([0x61, 0x80, 0x62, 0x0a, 0xc3, 0x0a, 0x63, 0x0a])
      expect(yield* linesOf(bytes)).toEqual(["a\ufffdb", "\ufffd", "c"])
    })
  ),
  make(
    "truncates a line that is too long, and counts what it has dropped",
    Effect.gen(function* () {
      const report = yield* run([Script.stdout(`${"x".repeat(2000)}\nshort\n`)], { maxLineBytes: 1000 })
      expect(report.stdout).toMatchObject({ lines: 2, truncatedLines: 1, truncatedBytes: 1000 })
    })
  ),
  make(
    "keeps stdout and stderr apart, and each of them in order",
    Effect.gen(function* () {
      const [out, err] = [lineRecord(), lineRecord()]
      yield* run([Script.repeat(50, Script.stdout("1\n", "2\n"), Script.stderr("a\n", "b\n"))], {
        onLines: { stdout: out.onLines, stderr: err.onLines }
      })
      expect([out.texts.join(""), err.texts.join("")]).toEqual(["12".repeat(50), "ab".repeat(50)])
    })
  ),
  make(
    "gives each of several readers all of the lines",
    Effect.gen(function* () {
      const child = yield* start([Script.readToEnd, Script.stdout("1\n2\n"), Script.stderr("3\n")], { stdin: "pipe" })
      const read = (streams?: ReadonlyArray<StreamName>) =>
        Effect.map(Stream.runCollect(child.read({ replay: 10, streams })), (found) =>
          [...found].map(({ text }) => text).toSorted()
        )
      const all = [read(), read(["stdout"]), read(["stderr"]), read()]
      const readers = yield* Effect.fork(Effect.all(all, { concurrency: "unbounded" }))
      yield* child.stdin.close
      expect(yield* readers).toEqual([["1", "2", "3"], ["1", "2"], ["3"], ["1", "2", "3"]])
    })
  ),
  make(
    "gives the first reader all lines from the start, whenever it comes",
    Effect.gen(function* () {
      const child = yield* start([Script.stdout("1\n2\n"), Script.stderr("3\n")])
      yield* child.gone
      const read = Effect.map(Stream.runCollect(child.lines), (found) =>
        [...found].map((item) => (item._tag === "Line" ? item.text : "missed")).toSorted()
      )
      expect(yield* Effect.all([read, read], { concurrency: "unbounded" })).toEqual([
        ["1", "2", "3"],
        ["1", "2", "3"]
      ])
      yield* letTimePass("50 millis")
      expect(yield* read).toEqual([])
    })
  ),
  make(
    "hands over bytes as they are where bytes are asked for",
    Effect.gen(function* () {
      const all = Uint8Array.from({ length: 256 }, (_, value) => value)
      const child = yield* start([Script.stdout(all, all)], { stdout: "bytes" })
      const chunks = yield* Stream.runCollect(child.bytes("stdout"))
      expect(Buffer.concat([...chunks])).toEqual(Buffer.concat([all, all]))
    })
  ),
  make(
    "collects an output into one text",
    Effect.gen(function* () {
      expect(yield* Supervise.string(program(Script.stdout(...Script.bytewise("größer\n\nno end"))))).toBe(
        "größer\n\nno end"
      )
    })
  )
]
