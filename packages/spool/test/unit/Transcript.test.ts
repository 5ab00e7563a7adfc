import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as FaultyDisk from "@tether/vitest/FaultyDisk"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as TestContext from "effect/TestContext"
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
      const identity = "6003586c-6623-46b8-ac28-a40e8996b316"
      expect(turns).toEqual([
        { number: 1, role: "user", text: "read notes.txt", identity, at: Date.parse("2026-11-20T16:25:16.016Z") },
        { number: 2, role: "assistant", text: "I will read the file.", identity, at: expect.any(Number) },
        {
          number: 3,
          role: "assistant",
          identity,
          text: expect.stringMatching(/^It says: na\u00efve .* 🚀\.$/su),
          at: expect.any(Number)
        }
      ])
      expect({ skipped, undecodable }).toEqual({ skipped: 7, undecodable: 0 })
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("has what the user and the agent said, as a string or in blocks, and leaves out what nobody may have", () =>
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
      expect(textsOf(excerpt)).toEqual(["user: one", "assistant: two\nthree"])
      expect(excerpt).toMatchObject({ skipped: 6, unknown: 1, undecodable: 5, dropped: 0 })
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
            }).pipe(Effect.provide([NodeFileSystem.layer, TestContext.TestContext]), Effect.runPromise)
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

describe("a transcript that is still being written", () => {
  it.scoped("is left before a command of which nobody knows yet whether it is for the agent", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "transcript.jsonl")
      writeFileSync(path, `${entry("user", "one", { uuid: "1" })}\n${entry("user", "<bash-input>ls</bash-input>")}\n`)
      const first = yield* Transcript.read(path, { isOpen: true })
      expect(textsOf(first)).toEqual(["user: one"])
      appendFileSync(path, `${entry("user", "<bash-stdout>a</bash-stdout>")}\n`)
      appendFileSync(path, `${entry("assistant", [{ type: "text", text: "two" }])}\n`)
      const rest = yield* Transcript.read(path, { ...first, from: first.end, isOpen: true })
      expect(textsOf(rest)).toEqual(["user: !ls", "assistant: two"])
      expect(rest.turns.map(({ number }) => number)).toEqual([2, 3])
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("is completed by the agent's last words, under the identity and number that they will have", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "transcript.jsonl")
      writeFileSync(path, `${entry("user", "one", { uuid: "1" })}\n`)
      const early = yield* Transcript.read(path, { isOpen: true, lastAnswer: "two" })
      expect(textsOf(early)).toEqual(["user: one", "assistant: two"])
      appendFileSync(path, `${entry("assistant", [{ type: "text", text: "two" }], { uuid: "2" })}\n`)
      const late = yield* Transcript.read(path, { ...early, from: early.end, isOpen: true, lastAnswer: "two" })
      expect(late.turns).toEqual(early.turns.slice(1))
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("is not completed by words that may have been read before", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "transcript.jsonl")
      writeFileSync(path, `${entry("user", "one")}\n${entry("assistant", [{ type: "text", text: "two" }])}\n`)
      const { end, lastNumber } = yield* Transcript.read(path, { isOpen: true, lastAnswer: "two" })
      const again = yield* Transcript.read(path, { from: end, lastNumber, isOpen: true, lastAnswer: "two" })
      expect(again.turns).toEqual([])
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("tells by the agent's last words that a command was for it", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "transcript.jsonl")
      writeFileSync(path, `${entry("user", "<bash-input>ls</bash-input>", { uuid: "1" })}\n`)
      const { end, turns } = yield* Transcript.read(path, { isOpen: true, lastAnswer: "two" })
      expect(turns.map(({ identity, text }) => [identity, text])).toEqual([
        ["1", "!ls"],
        ["1", "two"]
      ])
      expect(end).toBeGreaterThan(0)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  describe("is completed by the agent's last words where they are not written yet", () => {
    const texts = (...all: ReadonlyArray<string>) => all.map((text) => ({ type: "text", text }))
    const prompt = entry("user", "one", { uuid: "1" })
    const isCompleted = (lastAnswer: string, ...lines: ReadonlyArray<string>) =>
      Effect.map(read(lines.map((line) => `${line}\n`).join(""), { lastAnswer }), ({ turns }) =>
        turns.at(-1)?.text === lastAnswer && turns.filter(({ text }) => text === lastAnswer).length > 0
          ? turns.length
          : 0
      ).pipe(Effect.provide(NodeFileSystem.layer))

    it.scoped.each<[string, string, ReadonlyArray<string>, number]>([
      ["ends with an earlier text of the turn", "All is done.", [prompt, entry("assistant", texts("done."))], 3],
      [
        "is that of a turn of the agent's own, in the same words",
        "Noted.",
        [
          prompt,
          entry("assistant", texts("Noted.")),
          entry("user", "<task-notification></task-notification>", { uuid: "3" })
        ],
        3
      ],
      ["is the last text of a line", "b", [prompt, entry("assistant", texts("a", "b"))], 0],
      [
        "has all texts of a message, in lines of their own",
        "a\n\nb",
        [prompt, ...["a", "b"].map((text) => entry("assistant", texts(text)))],
        0
      ],
      ["is the program's", "API Error: 500", [prompt], 0],
      [
        "is the one before a command for the program",
        "two",
        [prompt, entry("assistant", texts("two")), entry("user", "<command-name>/cost</command-name>", { uuid: "3" })],
        2
      ]
    ])("%s", ([, lastAnswer, lines, turns]) =>
      Effect.map(isCompleted(lastAnswer, ...lines), (found) => expect(found).toBe(turns))
    )
  })

  it.scoped("has the same keys whether it is read at once or bit by bit, though history is stored once more", () =>
    Effect.gen(function* () {
      const history = [
        entry("user", "one", { uuid: "1" }),
        entry("assistant", [{ type: "text", text: "a" }], { uuid: "2" }),
        entry("user", "two", { uuid: "3" })
      ].map((line) => `${line}\n`)
      const more = `${history[0]}${entry("assistant", [{ type: "text", text: "b" }], { uuid: "4" })}\n`
      const path = join(yield* folder, "transcript.jsonl")
      writeFileSync(path, history.join(""))
      const first = yield* Transcript.read(path, { isOpen: true })
      appendFileSync(path, more)
      const second = yield* Transcript.read(path, { ...first, from: first.end, isOpen: true })
      const whole = yield* Transcript.read(path)
      const identityOf = ({ turns }: Transcript.Excerpt) => turns.find(({ text }) => text === "b")?.identity
      expect(identityOf(second)).toBe(identityOf(whole))
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})
