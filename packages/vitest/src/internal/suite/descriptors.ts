/**
 * Files, and descriptors above the usual three.
 */
import { Exited } from "@tether/process/ExitStatus"
import * as Effect from "effect/Effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect } from "vitest"
import * as Script from "../../Script.js"
import { type Case, makeFor } from "./case.js"
import { lineRecord, run } from "./children.js"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-suite-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

export const descriptors: ReadonlyArray<Case> = [
  makeFor(
    "descriptors",
    "reads a descriptor above stderr, beside the others",
    Effect.gen(function* () {
      const record = lineRecord()
      const report = yield* run(
        [Script.stdout("out\n"), Script.write("fd3", "status\n", "no end"), Script.stderr("err\n")],
        {
          fds: { 3: "lines" },
          onLines: { fd3: record.onLines }
        }
      )
      expect(record.texts).toEqual(["status", "no end"])
      expect(report.fds[3]).toMatchObject({ bytes: 13, lines: 2 })
      expect([report.stdout.tail, report.stderr.tail]).toEqual(["out\n", "err\n"])
    })
  ),
  makeFor(
    "files",
    "lets a child read from a file, and write to one that is emptied first or added to",
    Effect.gen(function* () {
      const path = yield* directory
      const [from, to] = [join(path, "from"), join(path, "to")]
      writeFileSync(from, "one\ntwo\n")
      writeFileSync(to, "something that is longer than all of what comes\n")
      const report = yield* run([Script.echo], { stdin: { file: from }, stdout: { file: to } })
      expect(readFileSync(to, "utf8")).toBe("one\ntwo\n")
      yield* run([Script.stdout("three\n")], { stdout: { file: to, append: true } })
      expect(readFileSync(to, "utf8")).toBe("one\ntwo\nthree\n")
      expect(report).toMatchObject({ status: Exited(0), stdout: { bytes: 0, tail: "" } })
    })
  ),
  makeFor(
    "files",
    "refuses a file that is not there",
    Effect.gen(function* () {
      const path = yield* directory
      const error = yield* Effect.flip(run([Script.echo], { stdin: { file: join(path, "missing") } }))
      expect(error).toMatchObject({ _tag: "SpawnError", reason: "BadFile" })
    })
  )
]
