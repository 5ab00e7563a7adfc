/**
 * The decoders are written by hand, because they must be fast. What they make of a line is what the published type
 * says.
 */
import { describe, expect, it } from "@effect/vitest"
import type * as AgentAdapter from "@tether/agent/AgentAdapter"
import type { Said } from "@tether/agent/AgentAdapter"
import * as AgentTurn from "@tether/agent/AgentTurn"
import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
import * as CodexAdapter from "@tether/agent/CodexAdapter"
import { type Block, Delta, Message, TurnEvent, Usage } from "@tether/agent/TurnEvent"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { quietly, request, result, text } from "../support/turns.js"

const decoder = () => ClaudeAdapter.claude.decoder(request([]))

/** By the schema, from JSON. */
const published = Schema.decodeUnknownSync(Schema.parseJson(TurnEvent))

const json = fc.jsonValue().filter((value) => value !== null)

const block: fc.Arbitrary<{ readonly block: Block; readonly wire: object }> = fc.oneof(
  fc.string().map((words) => ({ block: { _tag: "Text" as const, text: words }, wire: { type: "text", text: words } })),
  fc.string().map((words) => ({
    block: { _tag: "Thinking" as const, text: words },
    wire: { type: "thinking", thinking: words }
  })),
  fc.tuple(fc.string(), fc.string(), json).map(([id, name, input]) => ({
    block: { _tag: "ToolUse" as const, id, name, input },
    wire: { type: "tool_use", id, name, input }
  })),
  fc.tuple(fc.string(), json, fc.boolean()).map(([id, content, isError]) => ({
    block: { _tag: "ToolResult" as const, toolUseId: id, content, isError },
    wire: { type: "tool_result", tool_use_id: id, content, is_error: isError }
  })),
  fc.dictionary(fc.string(), json).map((rest) => {
    const value = { ...rest, type: "image" }
    return { block: { _tag: "Other" as const, type: "image", value }, wire: value }
  })
)

/** The results of tools stand in lines of their own, and nothing but spaces is no words of the user's. */
const ofUser = block.filter(({ block: { _tag, ...rest } }) =>
  _tag === "Text" ? "text" in rest && rest.text.trim() !== "" : _tag !== "ToolResult"
)
const toolResult = block.filter(({ block: { _tag } }) => _tag === "ToolResult")

/** A line of Claude Code, and the events that it is, as the schema has them. */
const line: fc.Arbitrary<{ readonly wire: object; readonly events: ReadonlyArray<object> }> = fc.oneof(
  fc.tuple(fc.string({ minLength: 1 }), fc.array(block)).map(([id, parts]) => {
    const blocks = parts.map((each) => each.block)
    return {
      wire: { type: "assistant", message: { id, role: "assistant", content: parts.map((each) => each.wire) } },
      events: [
        Message.make({ id, role: "assistant", status: "Streaming", blocks }),
        Message.make({ id, role: "assistant", status: "Complete", blocks })
      ]
    }
  }),
  fc.oneof(fc.array(ofUser, { minLength: 1 }), fc.array(toolResult, { minLength: 1 })).map((parts) => ({
    wire: { type: "user", message: { role: "user", content: parts.map((each) => each.wire) } },
    events: [Message.make({ role: "user", status: "Complete", blocks: parts.map((each) => each.block) })]
  })),
  fc
    .tuple(
      fc.constantFrom(
        ["text_delta", "text", "Text"] as const,
        ["thinking_delta", "thinking", "Thinking"] as const,
        ["input_json_delta", "partial_json", "ToolInput"] as const
      ),
      fc.nat(),
      fc.string()
    )
    .map(([[type, field, kind], index, words]) => ({
      wire: { type: "stream_event", event: { type: "content_block_delta", index, delta: { type, [field]: words } } },
      events: [Delta.make({ kind, index, text: words })]
    })),
  fc
    .tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat(), fc.double({ min: 0, max: 100, noNaN: true }))
    .map(([inputTokens, outputTokens, read, written, cost]) => ({
      wire: {
        type: "result",
        subtype: "success",
        total_cost_usd: cost,
        usage: {
          input_tokens: inputTokens,
          output_tokens: outputTokens,
          cache_read_input_tokens: read,
          cache_creation_input_tokens: written
        }
      },
      events: [
        Usage.make({ inputTokens, outputTokens, cacheReadTokens: read, cacheWriteTokens: written, costUsd: cost })
      ]
    }))
)

const sameShape = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe("what is made of a line", () => {
  it("is what the schema makes of the same event as JSON", () => {
    fc.assert(
      fc.property(line, ({ events, wire }) => {
        const reader = decoder()
        const said = [...reader.line(JSON.stringify(wire)), ...reader.end()].filter((each) => each._tag !== "Ended")
        expect(said.map(sameShape)).toEqual(events.map((event) => sameShape(published(JSON.stringify(event)))))
      }),
      { numRuns: 300 }
    )
  })

  it("is of the published type, whatever JSON the line is", () => {
    const isEvent = Schema.is(TurnEvent)
    const isPublished = (said: Said) =>
      said._tag === "Ended" || isEvent(said._tag === "Notice" ? { ...said, count: 1 } : said)
    const type = fc.constantFrom("assistant", "user", "result", "stream_event", "control_request", "system", "other")
    const odd = fc.tuple(
      type,
      fc.dictionary(
        fc.constantFrom(
          "message",
          "event",
          "request",
          "request_id",
          "usage",
          "session_id",
          "subtype",
          "result",
          "errors"
        ),
        fc.jsonValue()
      )
    )
    fc.assert(
      fc.property(fc.array(odd, { maxLength: 5 }), (lines) => {
        const reader = decoder()
        const said = [
          ...lines.flatMap(([name, rest]) => reader.line(JSON.stringify({ ...rest, type: name }))),
          ...reader.end()
        ]
        expect(said.filter((each) => !isPublished(each))).toEqual([])
      }),
      { numRuns: 400 }
    )
  })
})

it.effect("a turn is a span, with its outcome, its tokens and its cost, and without its prompt", () =>
  Effect.gen(function* () {
    const spans: Array<Tracer.Span> = []
    const { native } = { native: yield* Effect.tracer }
    const tracer = Tracer.make({
      span: (...args) => {
        const span = native.span(...args)
        spans.push(span)
        return span
      },
      context: (f, fiber) => native.context(f, fiber)
    })
    yield* AgentTurn.run({ ...request([], { prompt: "a secret plan" }), env: undefined }).pipe(
      Stream.runDrain,
      Effect.provide(
        TestSpawner.layer(
          TestSpawner.when(
            "an agent",
            () => true,
            () => Script.make(Script.stdout(text("m", "hello"), result("hello")), Script.exit(0))
          )
        )
      ),
      Effect.withTracer(tracer),
      quietly
    )
    const turn = Option.fromNullable(spans.find((span) => span.name === "claude turn"))
    const attributes = Option.match(turn, { onNone: () => ({}), onSome: (span) => Object.fromEntries(span.attributes) })
    expect(attributes).toMatchObject({
      turnId: "1",
      outcome: "Completed",
      inputTokens: 10,
      outputTokens: 5,
      costUsd: 0.01
    })
    expect(JSON.stringify(spans.map((span) => [span.name, ...span.attributes]))).not.toContain("secret plan")
  })
)

describe("what a turn has used", () => {
  const thread = `thread-${process.pid}`
  const usageIn = (said: ReadonlyArray<Said>) =>
    said.flatMap((each) => (each._tag === "Usage" ? [[each.inputTokens, each.cacheReadTokens, each.outputTokens]] : []))
  const codexTurn = (id: string, total: readonly [number, number, number], resumeSessionId?: string) => {
    const decoder = CodexAdapter.codex.decoder(request([], { resumeSessionId }))
    const [input_tokens, cached_input_tokens, output_tokens] = total
    return [
      { type: "thread.started", thread_id: id },
      { type: "turn.completed", usage: { input_tokens, cached_input_tokens, output_tokens } }
    ].flatMap((each) => decoder.line(JSON.stringify(each)))
  }

  it("is of codex what it adds to the total of its thread", () => {
    expect(usageIn(codexTurn(thread, [10, 4, 5]))).toEqual([[6, 4, 5]])
    expect(usageIn(codexTurn(thread, [30, 14, 15], thread))).toEqual([[10, 10, 10]])
    expect(usageIn(codexTurn(`${thread}-other`, [7, 0, 3]))).toEqual([[7, 0, 3]])
    expect(usageIn(codexTurn(thread, [31, 14, 16], thread))).toEqual([[1, 0, 1]])
  })

  it("is of each of several turns of one process what has come to the total since the one before", () => {
    const decoder = CodexAdapter.codex.decoder(request([]))
    const used = (usage?: object) => usageIn(decoder.line(JSON.stringify({ type: "turn.completed", usage })))
    decoder.line(JSON.stringify({ type: "thread.started", thread_id: `${thread}-several` }))
    expect(used({ input_tokens: 100, output_tokens: 10 })).toEqual([[100, 0, 10]])
    expect(used()).toEqual([])
    expect(used({ input_tokens: 130, output_tokens: 15 })).toEqual([[30, 0, 5]])
  })

  it("is its own for threads that have no id", () => {
    for (const input_tokens of [10, 30]) {
      const decoder = CodexAdapter.codex.decoder(request([]))
      const line = JSON.stringify({ type: "turn.completed", usage: { input_tokens, output_tokens: 1 } })
      expect(usageIn(decoder.line(line))).toEqual([[input_tokens, 0, 1]])
    }
  })

  it("counts once where a result comes twice", () => {
    const line = JSON.stringify({ type: "result", subtype: "success", uuid: "1", usage: {} })
    const tagsOf = (each: AgentAdapter.Decoder) => each.line(line).map(({ _tag }) => _tag)
    const one = decoder()
    expect([...tagsOf(one), ...tagsOf(one)]).toEqual(["Usage", "Ended"])
    // Another run may be read as well, or the same one once more.
    expect(tagsOf(decoder())).toEqual(["Usage", "Ended"])
  })

  it("is unknown for a resumed thread that this program has not seen: a notice has the total", () => {
    const said = codexTurn(`${thread}-unseen`, [30, 10, 15], `${thread}-unseen`)
    expect(usageIn(said)).toEqual([])
    expect(said).toContainEqual({
      _tag: "Notice",
      kind: "agent",
      text: expect.stringContaining("30 tokens of input and 15 of output")
    })
  })

  it("costs in Claude Code what has come to the cost of its session", () => {
    const costsOf = (session: string, resumeSessionId: string | undefined, ...totals: ReadonlyArray<number>) => {
      const each = ClaudeAdapter.claude.decoder(request([], { resumeSessionId }))
      return totals.flatMap((total) =>
        each
          .line(JSON.stringify({ type: "result", subtype: "success", session_id: session, total_cost_usd: total }))
          .flatMap((said) => (said._tag === "Usage" ? [said.costUsd] : []))
      )
    }
    const session = `session-${process.pid}`
    expect(costsOf(session, undefined, 0.25)).toEqual([0.25])
    expect(costsOf(session, session, 0.5, 0.75)).toEqual([0.25, 0.25])
    // A version that begins anew with each process.
    expect(costsOf(session, session, 0.25)).toEqual([0.25])
    // The turn goes on with the session by --continue, which the adapter does not see.
    expect(costsOf(session, undefined, 0.5)).toEqual([0.25])
    // A recording that is played again.
    expect(costsOf(session, undefined, 0.5)).toEqual([0.5])
    expect(costsOf(`${session}-unseen`, `${session}-unseen`, 0.5, 0.75)).toEqual([undefined, 0.25])
  })
})

describe("the session of a turn", () => {
  const boundBy = (...entries: ReadonlyArray<object>) => {
    const each = decoder()
    return [...entries.flatMap((entry) => each.line(JSON.stringify(entry))), ...each.end()].flatMap((said) =>
      said._tag === "SessionBound" ? [said.sessionId] : []
    )
  }
  const hook = { type: "system", subtype: "hook_started", session_id: "of the moment" }

  it("comes from the init or result line, not from the line of a hook", () => {
    expect(boundBy(hook, { type: "system", subtype: "init", session_id: "real" })).toEqual(["real"])
    expect(boundBy(hook, { type: "result", subtype: "success", session_id: "real" })).toEqual(["real"])
  })

  it("comes from the first line of the conversation where there is no init, and from no other line", () => {
    const foreign = { session_id: "foreign" }
    const others = [
      { type: "rate_limit_event", ...foreign },
      { type: "news", ...foreign },
      { type: "assistant", parent_tool_use_id: "t", message: { content: [] }, ...foreign }
    ]
    const answer = { type: "assistant", session_id: "real", message: { content: [] } }
    expect(boundBy(hook, ...others, answer)).toEqual(["real"])
    expect(boundBy(...others, { type: "system", subtype: "init", session_id: "real" })).toEqual(["real"])
    expect(boundBy(answer, { type: "result", subtype: "success", session_id: "other" })).toEqual(["real", "other"])
  })

  it("comes from the line of a hook when no other line has one, and no session is resumed", () => {
    const status = { type: "system", subtype: "status" }
    expect(boundBy(hook, status)).toEqual(["of the moment"])
    const resumed = ClaudeAdapter.claude.decoder(request([], { resumeSessionId: "real" }))
    expect([...resumed.line(JSON.stringify(hook)), ...resumed.end()]).toEqual([])
  })
})

describe("items of codex without an id", () => {
  it("are messages of their own", () => {
    const each = CodexAdapter.codex.decoder(request([]))
    const item = (text: string) => JSON.stringify({ type: "item.completed", item: { type: "agent_message", text } })
    const ids = ["one", "two"].flatMap((text) =>
      each.line(item(text)).flatMap((said) => (said._tag === "Message" ? [said.id] : []))
    )
    expect(new Set(ids).size).toBe(2)
  })
})
