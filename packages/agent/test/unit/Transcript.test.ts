import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { appendFileSync } from "node:fs"
import * as CodexAdapter from "../../src/CodexAdapter.js"
import * as Transcript from "../../src/Transcript.js"
import type { Block, Message, TurnEvent } from "../../src/TurnEvent.js"
import { answers, calls, essence, eventsOf, inFolder, linesOf, recordedPath, said, stored } from "../support/files.js"

const message = (id: string | undefined, status: Message["status"], ...texts: ReadonlyArray<string>): TurnEvent => ({
  _tag: "Message",
  ...(id === undefined ? {} : { id }),
  role: "assistant",
  status,
  blocks: texts.map((text): Block => ({ _tag: "Text", text }))
})

const textsOf = ({ entries }: Transcript.Transcript) =>
  entries.map(({ blocks }) => blocks.map((block) => (block._tag === "Text" ? block.text : block._tag)).join("+"))

const recorded = [
  ["claude-text-turn", "say hi"],
  ["claude-tool-turn", "read notes.txt"]
] as const

const live = (name: string) => eventsOf(linesOf(recordedPath(`${name}.stdout`)))

describe("a conversation", () => {
  it.effect.each(recorded)("that was recorded is the same live and stored: %s", ([name, prompt]) =>
    Effect.gen(function* () {
      const session = yield* Transcript.read(recordedPath(`${name}.transcript`))
      const whole = Transcript.reduce(live(name), prompt)
      expect(essence(whole)).toEqual(essence(session.transcript))
      expect(whole.entries.map(({ status }) => status)).toEqual(session.transcript.entries.map(() => "Complete"))
      expect(session).toMatchObject({ cwd: "/home/dev/project", malformed: 0, unknown: 0 })
      expect(Transcript.ofLines(linesOf(recordedPath(`${name}.transcript`))).transcript).toEqual(session.transcript)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it("that was recorded has its messages in order", () => {
    const { entries } = Transcript.reduce(live("claude-tool-turn"), "read notes.txt")
    expect(entries.map(({ blocks, id, role }) => [role, id, ...blocks.map(({ _tag }) => _tag)])).toEqual([
      ["user", undefined, "Text"],
      ["assistant", "msg_a", "Text", "ToolUse"],
      ["user", undefined, "ToolResult"],
      ["assistant", "msg_b", "Text"]
    ])
  })

  it("with Codex is one too", () => {
    const transcript = Transcript.reduce(
      eventsOf(linesOf(recordedPath("codex-text-turn.stdout")), CodexAdapter.codex),
      "say hi"
    )
    expect(textsOf(transcript)).toEqual(["say hi", "Hello from mock"])
  })

  it("keeps a message in its place while it grows, and appends what has no id", () => {
    const events = [
      message("a", "Streaming", "one"),
      message(undefined, "Complete", "x"),
      message("b", "Streaming", "two"),
      message("a", "Complete", "one", "more"),
      message(undefined, "Complete", "x")
    ]
    const transcript = Transcript.reduce(events, "prompt")
    expect(textsOf(transcript)).toEqual(["prompt", "one+more", "x", "two", "x"])
    expect(transcript.entries.map(({ status }) => status)).toEqual([
      "Complete",
      "Complete",
      "Complete",
      "Streaming",
      "Complete"
    ])
  })

  it("leaves unfinished what a cancelled turn did not finish, and knows that the turn is over", () => {
    const cancelled: TurnEvent = { _tag: "Cancelled", stuck: false, stderr: "", stderrBytes: 0, durationMillis: 1 }
    const transcript = Transcript.reduce([message("a", "Streaming", "half"), cancelled], "prompt")
    expect(transcript.entries.at(-1)).toMatchObject({ id: "a", status: "Streaming" })
    expect(transcript.isOver).toBe(true)
  })

  it("goes on with the next turn", () => {
    const first = Transcript.reduce([message("a", "Complete", "one")], "first")
    expect(textsOf(Transcript.reduce([message("b", "Complete", "two")], "second", first))).toEqual([
      "first",
      "one",
      "second",
      "two"
    ])
    expect(textsOf(first)).toEqual(["first", "one"])
  })

  it("is not changed by what is no message", () => {
    const before = Transcript.asked("prompt")
    for (const event of live("claude-tool-turn")) {
      const after = Transcript.step(before, event)
      if (event._tag === "Message" || event._tag === "Completed") expect(after).not.toBe(before)
      else expect(after).toBe(before)
    }
    expect(Transcript.asked("")).toEqual(Transcript.empty)
  })

  it("is the same whether its events are folded one by one, in two parts, or at once", () => {
    const events = recorded.flatMap(([name]) => live(name))
    const whole = Transcript.reduce(events, "prompt")
    expect(events.reduce(Transcript.step, Transcript.asked("prompt"))).toEqual(whole)
    FastCheck.assert(
      FastCheck.property(FastCheck.nat(events.length), (cut) => {
        const half = events.slice(0, cut).reduce(Transcript.step, Transcript.asked("prompt"))
        expect(Transcript.reduce(events.slice(0, cut), "prompt")).toEqual(half)
        expect(Transcript.reduce(events.slice(cut), undefined, half)).toEqual(whole)
      })
    )
  })

  it("is the same however often its partial messages come", () => {
    const messages = FastCheck.uniqueArray(
      FastCheck.record({
        id: FastCheck.stringMatching(/^[a-z_]{1,12}$/),
        // How many of the parts each partial has, and how often it comes.
        partials: FastCheck.array(FastCheck.tuple(FastCheck.nat(3), FastCheck.integer({ min: 1, max: 3 })), {
          maxLength: 5
        }),
        texts: FastCheck.array(FastCheck.string(), { maxLength: 3 })
      }),
      { selector: ({ id }) => id, maxLength: 8 }
    )
    FastCheck.assert(
      FastCheck.property(messages, (all) => {
        const partial = all.flatMap(({ id, partials, texts }) => [
          ...partials.flatMap(([length, times]) =>
            Array.from({ length: times }, () => message(id, "Streaming", ...texts.slice(0, length)))
          ),
          message(id, "Complete", ...texts)
        ])
        const whole = Transcript.reduce(
          all.map(({ id, texts }) => message(id, "Complete", ...texts)),
          "prompt"
        )
        expect(Transcript.reduce(partial, "prompt")).toEqual(whole)
        // The last word of each counts, also where it comes after the other messages have begun.
        const begun = all.map(({ id }) => message(id, "Streaming"))
        expect(Transcript.reduce([...begun, ...partial], "prompt")).toEqual(whole)
      })
    )
  })
})

describe("a session file", () => {
  it("is read past what is broken or not known, which is counted", () => {
    const session = Transcript.ofLines([
      "",
      "no JSON",
      "[1]",
      `{"no":"type"}`,
      JSON.stringify({ type: "weather", sessionId: "first", cwd: "/there" }),
      JSON.stringify({ type: "permission-mode", mode: "plan" }),
      stored("user", "say hi"),
      stored("user", { odd: true }),
      stored("user", "meta", { isMeta: true }),
      stored("assistant", said("sub-agent"), { isSidechain: true }),
      stored("user", "summary", { isCompactSummary: true }),
      stored("assistant", said("hi"), { message: { id: "a" } }),
      `{"type":"assistant","message":{"id":"a","content":[{"typ`
    ])
    expect(textsOf(session.transcript)).toEqual(["say hi", "hi"])
    expect(session).toMatchObject({ sessionId: "first", cwd: "/there", malformed: 5, unknown: 1 })
  })

  it("gives the same conversation whatever else is in it", () => {
    const lines = linesOf(recordedPath("claude-tool-turn.transcript"))
    const { transcript } = Transcript.ofLines(lines)
    const noise = FastCheck.oneof(
      FastCheck.string().filter((text) => !text.includes("\n")),
      FastCheck.jsonValue().map((value) => JSON.stringify(value)),
      FastCheck.record({
        type: FastCheck.constantFrom("weather", "progress", "attachment", "system"),
        message: FastCheck.jsonValue()
      }).map((value) => JSON.stringify(value)),
      FastCheck.constantFrom("isSidechain", "isMeta", "isCompactSummary").map((mark) =>
        stored("assistant", said("no"), { [mark]: true, message: { id: "msg_a" } })
      )
    )
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.tuple(FastCheck.nat(lines.length), noise), { maxLength: 10 }),
        (added) => {
          const all = lines.flatMap((line, index) => [
            ...added.flatMap(([place, text]) => (place === index ? [text] : [])),
            line
          ])
          expect(Transcript.ofLines(all).transcript).toEqual(transcript)
        }
      )
    )
  })

  it("has a command at once that was sent to the agent, which is at work then", () => {
    const lines = linesOf(recordedPath("claude-terminal-session.transcript"))
    const at = lines.findIndex((line) => line.includes("<command-name>/greet</command-name>"))
    const { transcript } = Transcript.ofLines(lines.slice(0, at + 1))
    expect([textsOf(transcript).at(-1), transcript.isOver]).toEqual(["/greet Ada", false])
  })

  it("has the parts of a message in the order of their numbers, each as it was stored last", () => {
    const part = (place: number, version: number) =>
      JSON.stringify({
        type: "assistant",
        uuid: `${place}-${version}`,
        apiBlockIndex: place,
        message: { id: "m", role: "assistant", content: [{ type: "text", text: `${place}.${version}` }] }
      })
    const anyPlaces = FastCheck.array(FastCheck.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 })
    FastCheck.assert(
      FastCheck.property(anyPlaces, (places) => {
        const lines = places.map((place, version) => part(place, version))
        const { transcript } = Transcript.ofLines(lines)
        const last = [...new Set(places)]
          .toSorted((a, b) => a - b)
          .map((place) => `${place}.${places.lastIndexOf(place)}`)
        expect(textsOf(transcript)).toEqual([last.join("+")])
      })
    )
  })

  it("has one message where the results of its first tools come between its parts, as live", () => {
    const lines = [
      stored("assistant", said("two files"), { message: { id: "a" } }),
      stored("assistant", calls("one"), { message: { id: "a" } }),
      stored("user", answers("one")),
      stored("assistant", calls("two"), { message: { id: "a" } }),
      stored("user", answers("two")),
      stored("assistant", said("done"), { message: { id: "b" } })
    ]
    const { transcript } = Transcript.ofLines(lines)
    expect(textsOf(transcript)).toEqual(["two files+ToolUse+ToolUse", "ToolResult", "ToolResult", "done"])
    expect(essence(Transcript.reduce(eventsOf(lines)))).toEqual(essence(transcript))
  })

  it.effect("is the same however long its lines are, and wherever they are cut while they are read", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const long = "naïve \u2028 🚀 ".repeat(60_000)
        const lines = Array.from({ length: 20 }, (_, index) =>
          index % 2 === 0
            ? stored("user", `${long.slice(index)}${index}`)
            : stored("assistant", said(`${long.slice(index)}${index}`))
        )
        const path = folder.write("s.jsonl", ...lines)
        const { malformed, transcript } = yield* Transcript.read(path)
        expect(malformed).toBe(0)
        expect(textsOf(transcript)).toEqual(Array.from({ length: 20 }, (_, index) => `${long.slice(index)}${index}`))
      })
    )
  )

  it.effect("that is being written has all but its last line", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const path = folder.write("s.jsonl", stored("user", "one"))
        appendFileSync(path, stored("user", "two").slice(0, 50))
        const { malformed, transcript } = yield* Transcript.read(path)
        expect([textsOf(transcript), malformed]).toEqual([["one"], 1])
        appendFileSync(path, stored("user", "two").slice(50))
        expect(textsOf((yield* Transcript.read(path)).transcript)).toEqual(["one", "two"])
      })
    )
  )

  it.effect("that cannot be read says why", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        expect((yield* Effect.flip(Transcript.read(`${folder.path}/none.jsonl`))).reason).toBe("NotFound")
        expect((yield* Effect.flip(Transcript.read(folder.path))).problem).toBe("it is no regular file")
      })
    )
  )
})
