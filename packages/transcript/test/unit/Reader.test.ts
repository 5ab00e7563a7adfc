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

  it.each([
    ["an interruption", "[Request interrupted by user] is what I saw. Why?"],
    ["a notification", "<task-notification> is what? See </task-notification>"],
    ["something like an output", "<bash-stdoutish> x"],
    ["an output", "<bash-stdout>x</bash-stdout> is what it said"],
    ["a command", "<command-name> tag: explain"]
  ])("has the words of a person about %s", (_, text) => {
    const typed = { origin: { kind: "human" }, promptSource: "typed" }
    expect(said([user(text, typed)])).toEqual([`user: ${text}`])
  })

  it.each([
    ["a reminder that a person has typed", "what is <system-reminder>x</system-reminder>"],
    ["a reminder alone", "<system-reminder>x</system-reminder>"],
    ["a command's element with words behind it", "<command-name>/foo</command-name> what is that?"],
    ["an interruption that a person has typed", "[Request interrupted by user]"]
  ])("keeps the words of a person as they were typed: %s", (_, text) => {
    expect(said([user(text, { promptSource: "typed" })])).toEqual([`user: ${text}`])
  })

  it("has what a person types who refuses a tool, beside its result", () => {
    const result = { type: "tool_result", tool_use_id: "t", content: "refused: use y.txt", is_error: true }
    const { entries } = read([user([result], { userFeedback: "use y.txt" }), user([result], { userFeedback: " " })])
    expect(entries.map(({ _tag }) => _tag)).toEqual(["Results", "Prompt", "Results"])
    expect(wordsOf(entries)).toEqual(["user: use y.txt"])
  })

  it("has the commands at whose answer the agent was interrupted, or the model server failed", () => {
    const noAnswer = (text: string, more: object) =>
      line("assistant", [{ type: "text", text }], { message: { model: "<synthetic>", content: [] }, ...more })
    expect(
      said([
        user("<bash-input>sleep 9</bash-input>"),
        user("[Request interrupted by user]"),
        user("<bash-input>ls</bash-input>"),
        user("<bash-stdout>a</bash-stdout>"),
        agent("API Error: 400", { isApiErrorMessage: true }),
        user("<command-name>/clear</command-name>"),
        noAnswer("No response requested.", {})
      ])
    ).toEqual(["user: !sleep 9", "user: !ls"])
  })

  it("is nothing of the thread of a sub-agent of codex", () => {
    const header = (payload: object) => JSON.stringify({ type: "session_meta", payload })
    const message = JSON.stringify({ type: "event_msg", payload: { type: "user_message", message: "review it" } })
    expect(said([header({ source: { subagent: "review" } }), message])).toEqual([])
    expect(said([header({ source: "cli", thread_source: "subagent" }), message])).toEqual([])
    expect(said([header({ source: "cli", thread_source: "user" }), message])).toEqual(["user: review it"])
  })

  it("has what stands beside the results of tools, but not what the program has put there", () => {
    const result = { type: "tool_result", tool_use_id: "t", content: "x" }
    const mixed = (...texts: ReadonlyArray<string>) =>
      user([result, ...texts.map((text) => ({ type: "text", text }))], { uuid: texts.join() })
    const { entries } = read([
      mixed("<system-reminder>be kind</system-reminder>"),
      mixed("now do B"),
      mixed("[Request interrupted by user for tool use]"),
      user([
        { type: "text", text: "[Request interrupted by user]" },
        { type: "text", text: "do C" }
      ])
    ])
    expect(entries.map((entry) => (entry._tag === "Work" ? `over: ${entry.isOver}` : entry._tag))).toEqual([
      "Results",
      "Results",
      "Prompt",
      "Results",
      "over: true",
      "Prompt"
    ])
    expect(wordsOf(entries)).toEqual(["user: now do B", "user: do C"])
  })

  it("has a prompt that came within a turn, if somebody has said it", () => {
    const queued = (attachment: object) =>
      JSON.stringify({
        type: "attachment",
        attachment: { type: "queued_command", commandMode: "prompt", ...attachment }
      })
    const { entries, reader } = read([
      queued({ prompt: "fix it", origin: { kind: "human" } }),
      queued({ prompt: "told", isMeta: true }),
      queued({ prompt: "told", origin: { kind: "coordinator" } }),
      queued({ prompt: "told", agentId: "a1" }),
      queued({ prompt: "<system-reminder>told</system-reminder>" }),
      queued({ prompt: "" }),
      queued({ prompt: "told", commandMode: "bash" }),
      queued({ prompt: "told", commandMode: "prompt2" })
    ])
    expect(wordsOf(entries)).toEqual(["user: fix it"])
    expect(reader.counts).toMatchObject({ asides: 6, unknown: 1 })
  })

  it("has all commands that one answer is for, and none that came meanwhile for the program", () => {
    const entries = read([
      user("go on", { uuid: "1" }),
      agent("half", { uuid: "2" }),
      user("<command-name>/cost</command-name>", { uuid: "3" }),
      user("<local-command-stdout>$1</local-command-stdout>"),
      agent("rest", { uuid: "4" }),
      user("<bash-input>ls</bash-input>", { uuid: "5" }),
      user("<bash-stdout>a</bash-stdout>"),
      user("<bash-input>pwd</bash-input>", { uuid: "6" }),
      agent("both", { uuid: "7" })
    ]).entries
    expect(wordsOf(entries)).toEqual([
      "user: go on",
      "agent: half",
      "agent: rest",
      "user: !ls",
      "user: !pwd",
      "agent: both"
    ])
    expect(entries.flatMap((entry) => (entry._tag === "Answer" ? [entry.answers] : []))).toEqual(["1", "1", "6"])
  })

  it("has a slash command at once where the line says that a person has sent it to the agent", () => {
    const greet = "<command-name>/greet</command-name>\n<command-args>a </command-args> b</command-args>"
    expect(said([user(greet, { origin: { kind: "human" } })])).toEqual(["user: /greet a </command-args> b"])
  })

  it("has no prompt of nothing but spaces", () => {
    expect(read([user("   "), user([{ type: "text" }]), user([{ type: "text", text: 5 }])]).entries).toEqual([])
  })

  it("is not what is written in the place of the model, in whatever form", () => {
    const error = { message: { role: "assistant", model: "<synthetic>", id: "m", content: "API Error" } }
    expect(read([line("assistant", "", error)]).entries).toMatchObject([{ _tag: "Work", isOver: true }])
  })

  it.each([
    ["in one long reminder", `fix it\n<system-reminder>${"x".repeat(4_000_000)}</system-reminder>`],
    ["in reminders that do not end", `fix it ${"<system-reminder>".repeat(100_000)}`],
    ["in reminders that end once", `fix it ${"<system-reminder>".repeat(100_000)}</system-reminder>`],
    ["in reminders that only end", `fix it ${"</system-reminder>".repeat(100_000)}`],
    ["in many reminders", `fix it ${"<system-reminder>x</system-reminder>".repeat(20_000)}`]
  ])("is looked for once in a long text: %s", (_, text) => {
    expect(said([user(text)])).toEqual([expect.stringMatching(/^user: fix it/)])
  })

  it("of a thread of codex is read once, and what is not known there is counted", () => {
    const completed = (item: object) =>
      JSON.stringify({ type: "event_msg", payload: { type: "item_completed", turn_id: "t", item } })
    const texts = (type: string, id: string, text: string) => completed({ type, id, content: [{ type: "text", text }] })
    const lines = [texts("UserMessage", "u", "one"), texts("AgentMessage", "a", "two")]
    const { entries, reader } = read([
      ...lines,
      ...lines,
      texts("AgentMessageV2", "b", "three"),
      JSON.stringify({ type: "event_msg", payload: { type: "agent_message_v2", message: "four" } }),
      JSON.stringify({ type: "event_msg", payload: { type: "exec_command_begin" } }),
      completed({ type: "Reasoning", id: "r" }),
      completed({ type: "AgentMessage", id: "c", content: [{ type: "text_v2", text: "five" }] })
    ])
    expect(wordsOf(entries)).toEqual(["user: one", "agent: two"])
    expect(reader.counts).toEqual({ asides: 2, malformed: 0, unknown: 3, repeated: 2 })
  })

  it("answers what was stored last, also where that was stored once more", () => {
    const history = [user("one", { uuid: "1" }), agent("a", { uuid: "2" }), user("two", { uuid: "3" })]
    const whole = read([...history, history[0] as string, agent("b", { uuid: "4" })]).entries.at(-1)
    const reader = Reader.make("3")
    const onwards = [history[0] as string, agent("b", { uuid: "4" })].flatMap((each) => reader.line(each)).at(-1)
    expect(whole).toEqual(onwards)
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
