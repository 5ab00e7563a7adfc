import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Block from "../../src/Block.js"
import type { Entry } from "../../src/Entry.js"
import * as Reader from "../../src/Reader.js"

const recorded = (name: string): ReadonlyArray<string> =>
  readFileSync(join(import.meta.dirname, "../../../vitest/fixtures/agents", `${name}.jsonl`), "utf8")
    .trim()
    .split("\n")

const wordsOf = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> =>
  entries.flatMap((entry) => {
    if (entry._tag !== "Prompt" && entry._tag !== "Answer") return []
    const text = Block.textOf(entry.blocks).trim()
    return text === "" ? [] : [`${entry._tag === "Prompt" ? "user" : "agent"}: ${text}`]
  })

const read = (lines: ReadonlyArray<string | undefined>) => {
  const reader = Reader.make()
  return { entries: lines.flatMap((line) => reader.line(line)), reader }
}

const said = (lines: ReadonlyArray<string>): ReadonlyArray<string> => wordsOf(read(lines).entries)

const line = (type: string, content: unknown, more: object = {}) =>
  JSON.stringify({ type, message: { role: type, content }, ...more })

const user = (content: unknown, more?: object) => line("user", content, more)
const agent = (text: string, more?: object) => line("assistant", [{ type: "text", text }], more)

describe("what was said", () => {
  it.each([
    ["a plain text", [user("fix it"), agent("done")]],
    ["texts in blocks", [user([{ type: "text", text: "fix it" }]), agent("done")]],
    [
      "an open file beside it",
      [
        user([
          { type: "text", text: "<ide_opened_file>The user opened x.ts</ide_opened_file>" },
          { type: "text", text: "fix it" }
        ]),
        agent("done")
      ]
    ],
    ["a selection before it in one text", [user("<ide_selection>x</ide_selection>\nfix it"), agent("done")]],
    ["a reminder behind it", [user("fix it\n<system-reminder>be kind</system-reminder>"), agent("done")]],
    [
      "commands for the program alone",
      [
        user("<command-name>/clear</command-name>"),
        user("<local-command-stdout></local-command-stdout>"),
        user("<bash-input>ls</bash-input>"),
        user("<bash-stdout>a</bash-stdout><bash-stderr></bash-stderr>"),
        user("fix it"),
        agent("done")
      ]
    ],
    [
      "a prompt that was given to it within a turn",
      [
        JSON.stringify({
          type: "attachment",
          attachment: { type: "queued_command", commandMode: "prompt", prompt: "fix it" }
        }),
        agent("done")
      ]
    ],
    [
      "what the program says in its place",
      [
        user("fix it"),
        agent("API Error: 500", { isApiErrorMessage: true }),
        line("assistant", [{ type: "text", text: "No response requested." }], {
          message: { role: "assistant", model: "<synthetic>", content: "No response requested." }
        }),
        user("[Request interrupted by user]"),
        user("<task-notification><task-id>b1</task-id></task-notification>"),
        user("told", { origin: { kind: "task-notification" } }),
        user("told", { isMeta: true }),
        user("told", { rowSource: "harness" }),
        user("told", { promptSource: "system" }),
        user("<some-news>told</some-news>"),
        agent("done")
      ]
    ],
    [
      "what belongs to a sub-agent, or to nobody",
      [
        user("fix it"),
        user("no", { isSidechain: true }),
        agent("no", { agentId: "a1" }),
        agent("no", { parent_tool_use_id: "toolu_1" }),
        JSON.stringify({ type: "api-request-blob", message: { role: "user", content: "no" } }),
        JSON.stringify({ type: "weather", message: { role: "assistant", content: "no" } }),
        JSON.stringify({ message: { role: "assistant", content: "no" } }),
        line("assistant", "no", { message: { role: "user", content: "no" } }),
        agent("no", { madeBy: "somebody" }),
        agent("done")
      ]
    ]
  ])("is found in %s", (_, lines) => expect(said(lines)).toEqual(["user: fix it", "agent: done"]))

  it("has the commands that the agent has answered, as they were typed", () => {
    const greet =
      "<command-message>greet</command-message>\n<command-name>/greet</command-name>\n<command-args>Ada</command-args>"
    expect(
      said([
        user(greet),
        user("Greet Ada kindly.", { isMeta: true }),
        agent("Hello, Ada."),
        user("<bash-input>echo hi</bash-input>"),
        user("<bash-stdout>hi</bash-stdout>"),
        agent("It says hi.")
      ])
    ).toEqual(["user: /greet Ada", "agent: Hello, Ada.", "user: !echo hi", "agent: It says hi."])
  })

  it("keeps a tag that somebody has typed", () => {
    const tag = "<my-element>text</my-element>"
    expect(said([user(tag, { origin: { kind: "human" } }), user("<div>x</div>")])).toEqual([
      `user: ${tag}`,
      "user: <div>x</div>"
    ])
    const { reader } = read([user(tag)])
    expect(reader.counts).toMatchObject({ unknown: 1 })
  })

  it("is read once, however often history is stored", () => {
    const lines = [user("one", { uuid: "1" }), agent("two", { uuid: "2" })]
    const { entries, reader } = read([...lines, ...lines])
    expect(wordsOf(entries)).toEqual(["user: one", "agent: two"])
    expect(reader.counts.repeated).toBe(2)
  })

  it("tells of each answer what it answers", () => {
    const { entries } = read([
      user("one", { uuid: "1" }),
      agent("a", { uuid: "2" }),
      user("<task-notification></task-notification>", { uuid: "3" }),
      agent("b", { uuid: "4" })
    ])
    expect(entries.flatMap((entry) => (entry._tag === "Answer" ? [entry.answers] : []))).toEqual(["1", "3"])
  })

  it("is counted where it may be something, and is nothing", () => {
    const { reader } = read([
      undefined,
      "",
      "no JSON",
      "[1]",
      "{}",
      user(7),
      JSON.stringify({ type: "news" }),
      user("<system-reminder>x</system-reminder>")
    ])
    expect(reader.counts).toEqual({ asides: 2, malformed: 5, unknown: 1, repeated: 0 })
  })
})

const recordings = [
  "claude-text-turn.transcript",
  "claude-tool-turn.transcript",
  "claude-terminal-session.transcript",
  "claude-background-session.transcript",
  "codex-session.transcript"
]

describe("recorded sessions", () => {
  it("have what was typed and what the model said", () => {
    expect(said(recorded("claude-terminal-session.transcript"))).toEqual([
      "user: hello",
      "agent: Answer to hello.",
      "user: !echo from-a-shell",
      "agent: Answer to echo from-a-shell.",
      "user: /greet Ada",
      "agent: Answer to Ada.",
      "user: never answered",
      "user: and after it",
      "agent: Answer to and after it.",
      "user: refused one",
      "user: refused two",
      "user: after the rewind",
      "agent: Answer to after the rewind."
    ])
    const background = said(recorded("claude-background-session.transcript"))
    expect(background.filter((text) => text.startsWith("user: "))).toEqual(
      Array.from({ length: 20 }, (_, nth) => `user: ${nth % 3 === 0 ? "task" : "question"} ${nth}`)
    )
    expect(background.filter((text) => text.startsWith("agent: Answer to "))).toHaveLength(20)
    expect(said(recorded("codex-session.transcript"))).toEqual(
      ["one", "two", "three"].flatMap((each) => [`user: ${each}`, `agent: Answer to ${each}.`])
    )
  })

  /** A field that is gone, has another name, or has a value of another type; anywhere in the line. */
  const changes: ReadonlyArray<(name: string, value: unknown) => ReadonlyArray<Readonly<Record<string, unknown>>>> = [
    () => [{}],
    (name, value) => [{ [`${name}X`]: value }],
    (name, value) =>
      [null, 7, true, "other", [], {}]
        .filter((other) => typeof other !== typeof value || Array.isArray(other) !== Array.isArray(value))
        .map((other) => ({ [name]: other }))
  ]

  const changed = (value: unknown): ReadonlyArray<unknown> => {
    if (Array.isArray(value))
      return value.flatMap((each, index) => changed(each).map((other) => value.with(index, other)))
    if (typeof value !== "object" || value === null) return []
    return Object.entries(value).flatMap(([name, each]) => {
      const { [name]: _, ...rest } = value as Record<string, unknown>
      return [
        ...changes.flatMap((change) => change(name, each).map((other) => ({ ...rest, ...other }))),
        ...changed(each).map((other) => ({ ...rest, [name]: other }))
      ]
    })
  }

  /** Lines of one shape behave alike. */
  const shapeOf = (entry: Record<string, unknown>): string => {
    const nested = [entry["message"], entry["payload"], entry["attachment"]].map((value) => Object.keys(value ?? {}))
    return JSON.stringify([entry["type"], Object.keys(entry), nested])
  }

  it.each(recordings)("have no words that nobody has said, whatever becomes of a field: %s", (name) => {
    const shapes = new Map(recorded(name).map((each) => [shapeOf(JSON.parse(each)), each]))
    const wrong = [...shapes.values()].flatMap((each) => {
      const words = new Set(said([each]))
      return changed(JSON.parse(each)).flatMap((other) => {
        const text = JSON.stringify(other)
        return said([text]).some((heard) => !words.has(heard)) ? [text.slice(0, 600)] : []
      })
    })
    expect(wrong).toEqual([])
  })

  it("have no words of lines that are not known, wherever they stand", () => {
    const unknown = FastCheck.record({
      type: FastCheck.string().map((text) => `x${text}`),
      message: FastCheck.record({ role: FastCheck.constantFrom("user", "assistant"), content: FastCheck.string() }),
      content: FastCheck.string(),
      text: FastCheck.string()
    })
    const lines = recorded("claude-tool-turn.transcript")
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.tuple(FastCheck.nat(lines.length), unknown)), (added) => {
        const mixed = lines.slice()
        for (const [place, each] of added) mixed.splice(place, 0, JSON.stringify(each))
        expect(said(mixed)).toEqual(said(lines))
      })
    )
  })
})
