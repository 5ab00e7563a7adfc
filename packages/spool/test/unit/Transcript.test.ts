import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as FaultyDisk from "@tether/vitest/FaultyDisk"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { appendFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Transcript from "../../src/Transcript.js"
import { putPipe } from "../support/pipe.js"
import { folder } from "../support/spools.js"

const recorded = (name: string) =>
  join(import.meta.dirname, "../../../vitest/fixtures/agents", `${name}.transcript.jsonl`)

const entry = (type: string, content: unknown, more: object = {}) =>
  JSON.stringify({ type, message: { role: type, content }, ...more })

const read = (text: string, options?: Transcript.Options) =>
  Effect.gen(function* () {
    const path = join(yield* folder, "transcript.jsonl")
    writeFileSync(path, text)
    return yield* Transcript.read(path, options)
  })

const textsOf = ({ turns }: Transcript.Excerpt) => turns.map(({ role, text }) => `${role}: ${text}`)

describe("a transcript", () => {
  it.scoped("that was recorded has its turns, with their times", () =>
    Effect.gen(function* () {
      const { skipped, turns, undecodable } = yield* Transcript.read(recorded("claude-tool-turn"))
      expect(turns).toEqual([
        { number: 1, role: "user", text: "read notes.txt", at: Date.parse("2026-11-20T16:25:16.016Z") },
        { number: 2, role: "assistant", text: "I will read the file.", at: expect.any(Number) },
        {
          number: 3,
          role: "assistant",
          text: expect.stringMatching(/^It says: na\u00efve .* 🚀\.$/su),
          at: expect.any(Number)
        }
      ])
      expect({ skipped, undecodable }).toEqual({ skipped: 7, undecodable: 0 })
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("has a role from its type or its message, and text from a string or from blocks", () =>
    Effect.gen(function* () {
      const lines = [
        entry("user", "one"),
        entry("assistant", [
          { type: "text", text: "two" },
          { type: "tool_use", name: "x" },
          { type: "text", text: "three" }
        ]),
        JSON.stringify({ type: "message", message: { role: "user", content: "four" } }),
        JSON.stringify({ role: "assistant", content: "five" }),
        entry("system", "no"),
        entry("user", "no", { isMeta: true }),
        entry("assistant", "no", { isSidechain: true }),
        entry("user", [{ type: "tool_result", content: "no" }]),
        entry("user", "  \n"),
        entry("user", null),
        "",
        "not JSON",
        "[1]",
        `{"type":"user","message":{"content":"torn`
      ]
      const excerpt = yield* read(`${lines.join("\r\n")}`)
      expect(textsOf(excerpt)).toEqual(["user: one", "assistant: two\nthree", "user: four", "assistant: five"])
      expect(excerpt).toMatchObject({ skipped: 7, undecodable: 3, dropped: 0 })
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("may begin with a mark of the byte order", () =>
    Effect.gen(function* () {
      expect(textsOf(yield* read(`\uFEFF${entry("user", "one")}\n${entry("user", "\uFEFFtwo")}\n`))).toEqual([
        "user: one",
        "user: \uFEFFtwo"
      ])
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("keeps the newest turns, which have their numbers", () =>
    Effect.gen(function* () {
      const text = Array.from({ length: 1000 }, (_, index) => `${entry("user", String(index + 1))}\n`).join("")
      const { dropped, turns } = yield* read(text, { maxTurns: 3 })
      expect(turns.map(({ number, text }) => [number, text])).toEqual([
        [998, "998"],
        [999, "999"],
        [1000, "1000"]
      ])
      expect(dropped).toBe(997)
      expect((yield* read(text)).turns).toHaveLength(200)
      expect((yield* read(text, { maxTurns: 0 })).turns).toEqual([])
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("is read on from where it had ended, by whole lines, wherever it was cut", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const said = ["a", "naïve 🚀", "c\u2028d", "e"]
      const bytes = Buffer.from(said.map((text) => `${entry("user", text)}\n`).join(""))
      let run = 0
      yield* Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(FastCheck.array(FastCheck.nat(bytes.length), { maxLength: 6 }), (cuts) => {
            const path = join(directory, `${++run}.jsonl`)
            writeFileSync(path, "")
            const marks = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
            return Effect.gen(function* () {
              const seen: Array<Transcript.Turn> = []
              let from = { from: 0, lastNumber: 0 }
              for (const [index, mark] of marks.entries()) {
                appendFileSync(path, bytes.subarray(marks[index - 1] ?? 0, mark))
                const excerpt = yield* Transcript.read(path, { ...from, isOpen: true })
                seen.push(...excerpt.turns)
                from = { from: excerpt.end, lastNumber: excerpt.lastNumber }
              }
              expect(seen.map(({ number, text }) => [number, text])).toEqual(
                said.map((text, index) => [index + 1, text])
              )
            }).pipe(Effect.provide(NodeFileSystem.layer), Effect.runPromise)
          }),
          { numRuns: 50 }
        )
      )
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("is read up to the size that it had, however fast it grows", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "transcript.jsonl")
      const line = `${entry("user", "x".repeat(1000))}\n`
      writeFileSync(path, line.repeat(300))
      let reads = 0
      const grows: FaultyDisk.Before = (operation) => {
        if (operation !== "read") return
        if (++reads > 10) FaultyDisk.fail("EIO")
        appendFileSync(path, line.repeat(300))
      }
      const { lastNumber } = yield* Effect.provide(Transcript.read(path), FaultyDisk.layer(grows))
      expect(lastNumber).toBe(300)
    })
  )

  it.scoped("that is a pipe or a directory is refused, and not waited for", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const pipe = join(directory, "pipe")
      putPipe(pipe)
      for (const path of [pipe, directory]) {
        expect(yield* Effect.flip(Transcript.read(path))).toMatchObject({ reason: "Invalid" })
      }
      expect(yield* Effect.flip(Transcript.read(join(directory, "none")))).toMatchObject({ reason: "NotFound" })
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})
