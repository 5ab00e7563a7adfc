/**
 * What children read.
 */
import { Exited } from "@tether/process/ExitStatus"
import * as StopPlan from "@tether/process/StopPlan"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import * as Script from "../../Script.js"
import { waitUntil } from "../../WaitUntil.js"
import { type Case, make } from "./case.js"
import { impatient, patience, printed, run, start, startUp, up } from "./children.js"

const kib = 1024
const mebibyte = new Uint8Array(1024 * kib)

export const input: ReadonlyArray<Case> = [
  make(
    "shows a child that is given no input the end of it at once",
    Effect.gen(function* () {
      const report = yield* run([Script.readToEnd, Script.stdout("end\n")])
      expect(report.stdout.tail).toBe("end\n")
      expect(report.inputs).toEqual({})
    })
  ),
  make(
    "writes a text, and then the end",
    Effect.gen(function* () {
      const report = yield* run([Script.echo, Script.stdout("end\n")], { stdin: { text: "grüße\n" } })
      expect(report.stdout.tail).toBe("grüße\nend\n")
      expect(report.inputs).toEqual({ 0: { bytes: 8, complete: true } })
    })
  ),
  make(
    "writes one thing after another, and then the end",
    Effect.gen(function* () {
      const child = yield* startUp([up, Script.readLine("two"), Script.stdout("two was read\n"), Script.echo], {
        stdin: "pipe"
      })
      yield* child.stdin.write("one\n")
      yield* child.stdin.write("tw")
      yield* child.stdin.write("o\n")
      yield* printed(child, "two was read")
      yield* child.stdin.write("three\n")
      yield* child.stdin.close
      expect((yield* child.report).stdout.tail).toBe("up\ntwo was read\nthree\n")
      expect(yield* Effect.flip(child.stdin.write("four\n"))).toMatchObject({ _tag: "InputError" })
    })
  ),
  make(
    "carries more than any pipe holds to a child and back",
    Effect.gen(function* () {
      const report = yield* run([Script.echo], { stdin: { bytes: mebibyte }, stdout: "bytes" })
      expect([report.inputs[0], report.stdout.bytes]).toEqual([
        { bytes: mebibyte.length, complete: true },
        mebibyte.length
      ])
    })
  ),
  make(
    "asks a question, and has the answer",
    Effect.gen(function* () {
      const answers = [Script.readLine("how many?"), Script.stdout("let me see\n", "forty-", "two\n"), Script.hang]
      const child = yield* start(answers, { stdin: "pipe" })
      const answer = yield* child.ask("how many?", (line) => line.text.startsWith("forty"))
      expect(answer.map(({ text }) => text)).toEqual(["let me see", "forty-two"])
    })
  ),
  make(
    "fails nobody because a child has ended without reading",
    Effect.gen(function* () {
      const report = yield* run([Script.exit(0)], { stdin: { bytes: mebibyte } })
      expect(report).toMatchObject({ status: Exited(0), inputs: { 0: { complete: false } } })
    })
  ),
  make(
    "tells a writer that the child has closed its input, and lets the child run on",
    Effect.gen(function* () {
      const child = yield* startUp([Script.close("stdin"), up, Script.hang], { stdin: "pipe", stop: StopPlan.kill })
      // More than any pipe holds: it can only be answered for the close.
      const error = yield* Effect.flip(Effect.timeout(child.stdin.write(mebibyte), patience))
      expect(error).toMatchObject({ _tag: "InputError", reason: "ReaderGone" })
      expect(yield* child.isRunning).toBe(true)
    })
  ),
  make(
    "pulls no more from a source than its child takes, and lets go of it",
    Effect.gen(function* () {
      let pulled = 0
      let isReleased = false
      const source = Stream.repeatEffect(
        Effect.sync(() => {
          pulled += 16 * kib
          return new Uint8Array(16 * kib)
        })
      ).pipe(
        Stream.ensuring(
          Effect.sync(() => {
            isReleased = true
          })
        )
      )
      const child = yield* startUp([up, Script.hang], { stdin: { stream: source }, stop: impatient })
      yield* waitUntil(
        Effect.suspend(() => {
          const before = pulled
          return Effect.map(Effect.sleep("50 millis"), () => before > 0 && before === pulled)
        }),
        { what: "nothing more is pulled" }
      )
      expect(pulled).toBeLessThan(2048 * kib)
      yield* child.stop()
      yield* child.gone
      expect(isReleased).toBe(true)
    })
  )
]
