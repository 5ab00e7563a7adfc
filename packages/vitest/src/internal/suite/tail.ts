/**
 * The last words: whoever takes the exit for the end of the output loses them.
 */
import { Exited } from "@tether/process/ExitStatus"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { expect } from "vitest"
import * as Script from "../../Script.js"
import { type Case, make, makeFor } from "./case.js"
import { lineRecord, mark, patience, patient, run, start, startUp, up } from "./children.js"

const kib = 1024
const burst = Script.repeat(16, Script.stdout(`${"x".repeat(kib - 1)}\n`.repeat(64)))

export const tail: ReadonlyArray<Case> = [
  make(
    "delivers the last words before the exit",
    Effect.gen(function* () {
      const wordsOf = (index: number) =>
        Effect.gen(function* () {
          const record = lineRecord()
          const report = yield* run([Script.stdout(`last ${index}\n`), Script.exit(3)], {
            check: false,
            onLines: { stdout: record.onLines }
          })
          return [record.texts, report.stdout.tail]
        })
      const numbers = [1, 2, 3, 4]
      expect(yield* Effect.forEach(numbers, wordsOf, { concurrency: "unbounded" })).toEqual(
        numbers.map((index) => [[`last ${index}`], `last ${index}\n`])
      )
    })
  ),
  make(
    "keeps the words of a child that is over before anybody asks",
    Effect.gen(function* () {
      const child = yield* start([Script.stdout("quick\n"), Script.exit(0)])
      yield* child.exited
      expect((yield* child.report).stdout).toMatchObject({ bytes: 6, lines: 1, tail: "quick\n" })
    })
  ),
  make(
    "loses nothing of a megabyte that is written right before the exit, to a slow reader",
    Effect.gen(function* () {
      let lines = 0
      const report = yield* run([burst, Script.stdout("last\n"), Script.exit(0)], {
        drainGrace: "100 millis",
        onLines: {
          stdout: (more) =>
            Effect.zipRight(
              Effect.sleep("10 millis"),
              Effect.sync(() => (lines += more.length))
            )
        }
      })
      expect(report.stdout).toMatchObject({ bytes: 1024 * kib + 5, lines: 1025 })
      expect([lines, report.drained]).toEqual([1025, { _tag: "Eof" }])
    })
  ),
  make(
    "keeps what waits in a pipe at the exit for a reader that comes to it later",
    Effect.gen(function* () {
      const gate = yield* Effect.makeLatch(false)
      let lines = 0
      // More than is read ahead, and no more than that and a pipe hold together.
      const child = yield* start(
        [Script.repeat(12, Script.stdout(`${"x".repeat(kib - 1)}\n`.repeat(16))), Script.exit(0)],
        {
          onLines: {
            stdout: (more) =>
              Effect.zipRight(
                gate.await,
                Effect.sync(() => (lines += more.length))
              )
          }
        }
      )
      // Where less is held, the child waits for its reader.
      yield* Effect.timeoutOption(child.exited, "1 second")
      yield* gate.open
      const report = yield* child.report
      expect([lines, report.stdout.bytes, report.drained]).toEqual([192, 192 * kib, { _tag: "Eof" }])
    })
  ),
  makeFor(
    "signals",
    "delivers what a child writes after it has been told to stop",
    Effect.gen(function* () {
      const record = lineRecord()
      const bye = [Script.stdout("bye\n"), Script.wait("100 millis"), Script.stdout("bye again\n"), Script.exit(0)]
      const child = yield* Effect.scoped(
        startUp([Script.on("SIGTERM", ...bye), up, Script.hang], { stop: patient, onLines: { stdout: record.onLines } })
      )
      expect(record.texts).toEqual(["up", "bye", "bye again"])
      expect(yield* child.gone).toMatchObject({ status: Exited(0), drained: { _tag: "Eof" } })
    })
  ),
  makeFor(
    "groups",
    "waits for what a leftover still writes within the drain grace",
    Effect.gen(function* () {
      const report = yield* run(
        [
          Script.leave(Script.wait("300 millis"), Script.stdout("late\n"), Script.exit(0)),
          Script.stdout("early\n"),
          Script.exit(0)
        ],
        { drainGrace: patience }
      )
      expect(report.stdout.tail).toBe("early\nlate\n")
      expect(report.drained).toEqual({ _tag: "Eof" })
    })
  ),
  makeFor(
    "holders",
    "waits no longer than the drain grace for a pipe that is held open, and names the holder",
    Effect.gen(function* () {
      const { env, othersThan } = yield* mark
      const child = yield* startUp([Script.leave(Script.hang), up, Script.readToEnd, Script.exit(0)], {
        env,
        stdin: "pipe",
        drainGrace: "200 millis"
      })
      const holders = yield* othersThan(child)
      yield* child.stdin.close
      yield* child.exited
      const [took, drained] = yield* Effect.timed(child.drained)
      expect(drained).toMatchObject({ _tag: "Cut", holders: holders.map((pid) => ({ pid })) })
      expect(holders).toHaveLength(1)
      // Long before the holder ends, which is never.
      expect(Duration.toMillis(took)).toBeLessThan(Duration.toMillis(patience))
    })
  ),
  make(
    "lets a child run on that has closed its output",
    Effect.gen(function* () {
      const child = yield* start(
        [
          Script.stdout("last\n"),
          Script.close("stdout"),
          Script.readToEnd,
          Script.stderr("still here\n"),
          Script.exit(4)
        ],
        { stdin: "pipe", check: false }
      )
      // A stream that ends while its child lives.
      const read = child.read({ streams: ["stdout"], replay: 10 })
      yield* Effect.timeoutFail(Stream.runDrain(read), {
        duration: patience,
        onTimeout: () => new Error("its stdout does not end")
      })
      expect(yield* child.isRunning).toBe(true)
      yield* child.stdin.close
      expect(yield* child.report).toMatchObject({
        status: Exited(4),
        stdout: { tail: "last\n" },
        stderr: { tail: "still here\n" },
        drained: { _tag: "Eof" }
      })
    })
  ),
  make(
    "gives up a reader that takes nothing for the deliver grace, and counts what it did not take",
    Effect.gen(function* () {
      const report = yield* run(
        [Script.stdout("one\n"), Script.wait("50 millis"), Script.stdout("two\n"), Script.exit(0)],
        {
          deliverGrace: "100 millis",
          onLines: { stdout: () => Effect.never }
        }
      )
      expect(report.drained._tag).toBe("Stalled")
    })
  )
]
