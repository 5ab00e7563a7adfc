/**
 * Turns that are appended to a live file while somebody else retires it, at every step.
 */
import { describe, expect, it } from "@effect/vitest"
import * as FaultyDisk from "@tether/vitest/FaultyDisk"
import * as Effect from "effect/Effect"
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { headerOf } from "../../src/internal/captureLine.js"
import { appendLive, retireLive } from "../../src/internal/live.js"
import { markIn } from "../../src/internal/mark.js"
import { putPipe } from "../support/pipe.js"
import { filesIn, folder, host } from "../support/spools.js"

const said = (text: string) => `${JSON.stringify({ type: "user", message: { content: text } })}\n`

const turn = (directory: string, before: FaultyDisk.Before = () => {}) =>
  appendLive({
    directory,
    sessionId: "s",
    transcript: join(directory, "transcript"),
    header: headerOf("s", "/", 0),
    now: 0
  }).pipe(Effect.provide(FaultyDisk.layer(before)))

/** Texts of a file of the spool, which must have a header and nothing that is torn. */
const textsIn = (content: string): ReadonlyArray<unknown> => {
  const [header, ...events] = content
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
  expect(header).toMatchObject({ version: 1, session_id: "s" })
  return events.map(({ text }) => text)
}

describe("a live file", () => {
  for (const isSlow of [false, true]) {
    it.scoped(
      `that is retired at any step loses no turn, though ${isSlow ? "it is removed later" : "it is drained and removed at once"}`,
      () =>
        Effect.gen(function* () {
          for (let step = 0; ; step++) {
            const directory = yield* folder
            const [live, retired] = [join(directory, "s.live.jsonl"), join(directory, "retired")]
            writeFileSync(join(directory, "transcript"), said("one"))
            yield* turn(directory)
            appendFileSync(join(directory, "transcript"), said("two"))
            let steps = 0
            let drained: ReadonlyArray<unknown> = []
            /** A drainer goes by the size that it has found, and removes the file when it is through. */
            yield* turn(directory, () => {
              if (steps++ !== step) return
              renameSync(live, retired)
              const size = statSync(retired).size
              drained = textsIn(readFileSync(retired, "utf8").slice(0, size))
              if (!isSlow) rmSync(retired)
            })
            rmSync(retired, { force: true })
            const kept = existsSync(live) ? textsIn(readFileSync(live, "utf8")) : []
            expect([...drained, ...kept]).toContain("two")
            expect(filesIn(directory).filter((name) => name.startsWith("."))).toEqual([])
            if (steps <= step) return
          }
        })
    )
  }

  it.scoped("takes the place of none that was retired in the same millisecond", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      for (const text of ["one", "two"]) {
        writeFileSync(join(directory, "transcript"), said(text))
        yield* turn(directory)
        yield* Effect.provide(retireLive(directory, "s", 5), FaultyDisk.layer())
      }
      const retired = ["s.live-5.jsonl", "s.live-6.jsonl"]
      expect(filesIn(directory)).toEqual([...retired, "transcript"])
      expect(retired.flatMap((name) => textsIn(readFileSync(join(directory, name), "utf8")))).toEqual(["one", "two"])
    })
  )

  it.scoped("is on the disk by its name, too", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      writeFileSync(join(directory, "transcript"), said("one"))
      const synced: Array<string> = []
      yield* turn(directory, (operation, path) => void (operation === "sync" && synced.push(path)))
      expect(synced).toContain(directory)
    })
  )

  it.scoped("is left where the transcript has become a pipe", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const transcript = join(directory, "transcript")
      writeFileSync(transcript, said("one"))
      yield* turn(directory)
      rmSync(transcript)
      putPipe(transcript)
      const opened: Array<string> = []
      const error = yield* Effect.flip(
        turn(directory, (operation, path) => {
          if (operation !== "open" || path !== transcript) return
          opened.push(path)
          FaultyDisk.fail("EIO")
        })
      )
      expect(error).toMatchObject({ reason: "Invalid" })
      expect(opened).toEqual([])
    })
  )

  it.scoped("is taken in portions from a long transcript, and one that is cut short goes on where it was", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const texts = Array.from({ length: 10 }, (_, index) => `${index} ${"x".repeat(1024 * 1024)}`)
      writeFileSync(join(directory, "transcript"), texts.map(said).join(""))
      let writes = 0
      const isFull: FaultyDisk.Before = (operation, path) =>
        operation === "write" && path.includes("s.live.jsonl") && ++writes > 3 ? FaultyDisk.fail("ENOSPC") : undefined
      yield* Effect.flip(turn(directory, isFull))
      const { events } = yield* turn(directory)
      expect(events).toBeGreaterThan(0)
      expect(events).toBeLessThan(10)
      expect(textsIn(readFileSync(join(directory, "s.live.jsonl"), "utf8"))).toEqual(texts)
    })
  )
})

describe("a mark", () => {
  it.scoped("that is a pipe is not waited for: the transcript is read from its beginning", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "s.live.mark")
      putPipe(path)
      expect(yield* markIn(path, "transcript", 100)).toEqual({ offset: 0, turn: 0, before: "" })
    }).pipe(Effect.provide(host))
  )
})
