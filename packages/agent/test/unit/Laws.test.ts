/**
 * Whatever an agent does: one terminal event, last, and before it all that was said.
 */
import { describe, expect, it } from "@effect/vitest"
import type { Said } from "@tether/agent/AgentAdapter"
import * as AgentTurn from "@tether/agent/AgentTurn"
import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
import * as CodexAdapter from "@tether/agent/CodexAdapter"
import type { TurnEvent } from "@tether/agent/TurnEvent"
import * as Fixture from "@tether/vitest/Fixture"
import * as Script from "@tether/vitest/Script"
import * as TestSpawner from "@tether/vitest/TestSpawner"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { readFileSync } from "node:fs"
import {
  delta,
  init,
  line,
  noticesOf,
  quietly,
  request,
  result,
  sessionId,
  terminalOf,
  text,
  textsOf,
  toolResult,
  toolUse
} from "../support/turns.js"

const scripted = (steps: ReadonlyArray<Script.Step>) =>
  TestSpawner.layer(
    TestSpawner.when(
      "an agent",
      () => true,
      () => Script.make(...steps)
    )
  )

/** What the lines of a text mean, read one by one. */
const meaningOf = (written: string): ReadonlyArray<unknown> => {
  const decoder = ClaudeAdapter.claude.decoder(request([]))
  const lines = written.split("\n")
  if (lines.at(-1) === "") lines.pop()
  const said = [...lines.flatMap((each) => decoder.line(each)), ...decoder.end()]
  return said.filter((each) => each._tag !== "Begun" && each._tag !== "Ended").map(plain)
}
const plain = (said: Said | TurnEvent): unknown =>
  said._tag === "Notice" ? { _tag: said._tag, kind: said.kind } : said

const heardOf = (events: ReadonlyArray<TurnEvent>): ReadonlyArray<unknown> =>
  events
    .slice(0, -1)
    .filter((event) => event._tag !== "Stderr" && !(event._tag === "Notice" && event.kind === "repeated"))
    .map(plain)

const textOf = (chunks: ReadonlyArray<Uint8Array>): string => new TextDecoder().decode(Buffer.concat(chunks))

// As `fc.string({ unit: "binary" })`, which takes a second to build a table of all characters.
const anyText = fc
  .array(fc.integer({ min: 0, max: 0x10ffff }).filter((point) => point < 0xd800 || point > 0xdfff))
  .map((points) => String.fromCodePoint(...points))

const piece = fc.oneof(
  fc.constantFrom(
    init(sessionId),
    "\n",
    "no json\n",
    '{"type":\n',
    "[]\n",
    toolResult("t", "content"),
    result("done"),
    result("", "error_max_turns")
  ),
  fc.string().map((words) => text("m", words)),
  anyText.map((words) => delta(words)),
  fc.string().map((name) => toolUse("m", "t", name, { name })),
  fc.string().map((type) => line({ type }))
)

const end = fc.oneof(
  fc.constantFrom(Script.hang, Script.die("SIGKILL"), Script.die("SIGSEGV")),
  fc.integer({ min: 0, max: 255 }).map(Script.exit)
)

const story = fc.record({
  pieces: fc.array(piece, { maxLength: 12 }),
  cuts: fc.array(fc.nat(2000), { maxLength: 6 }),
  // A line may be without its end.
  lost: fc.nat(20),
  stderr: fc.array(
    fc.string({ unit: "grapheme-ascii" }).map((words) => `${words}\n`),
    { maxLength: 3 }
  ),
  end,
  cancelAt: fc.option(fc.nat(3000), { nil: undefined })
})

const played = ({
  cancelAt,
  cuts,
  end,
  lost,
  pieces,
  stderr
}: typeof story extends fc.Arbitrary<infer A> ? A : never) => {
  const bytes = new TextEncoder().encode(pieces.join(""))
  const written = bytes.subarray(0, Math.max(0, bytes.length - lost))
  const chunks = Script.cut(written, ...[...cuts].sort((a, b) => a - b))
  const steps = chunks.flatMap((chunk) => [Script.stdout(chunk), Script.wait("300 millis")])
  const turn = Effect.scoped(
    Effect.gen(function* () {
      const turn = yield* AgentTurn.start({
        ...request([], { timeouts: { total: "1 minute" }, afterResult: "2 seconds" }),
        env: undefined
      })
      const reader = yield* Effect.fork(Stream.runCollect(turn.events))
      if (cancelAt !== undefined) yield* Effect.fork(Effect.zipRight(Effect.sleep(cancelAt), turn.cancel))
      yield* TestClock.adjust("5 minutes")
      return Chunk.toReadonlyArray(yield* Fiber.join(reader))
    })
  )
  return Effect.map(
    turn.pipe(Effect.provide(scripted([...stderr.map((each) => Script.stderr(each)), ...steps, end])), quietly),
    (events) => ({ events, chunks })
  )
}

describe("whatever an agent does", () => {
  it.effect.prop(
    "there is one terminal event, last, and nothing is lost before it",
    [story],
    ([told]) =>
      Effect.gen(function* () {
        const { chunks, events } = yield* played(told)
        const terminal = terminalOf(events)
        const [heard, all] = [heardOf(events), meaningOf(textOf(chunks))]
        const isCut =
          terminal._tag === "Cancelled" ||
          terminal.stuck ||
          (terminal._tag === "Failed" && terminal.kind._tag === "Timeout")
        // What was stopped has written so many of its chunks.
        const possible = isCut ? chunks.map((_, count) => meaningOf(textOf(chunks.slice(0, count)))) : []
        expect([...possible, all]).toContainEqual(heard)
        if (told.cancelAt === undefined) expect(terminal._tag).not.toBe("Cancelled")
      }),
    { fastCheck: { numRuns: 60 }, timeout: 120_000 }
  )
})

describe("what was recorded", () => {
  const recorded = (
    name: "claude-text-turn" | "claude-tool-turn" | "codex-text-turn",
    adapter: AgentTurn.TurnRequest["adapter"]
  ) =>
    Effect.gen(function* () {
      const output = readFileSync(Fixture.path(`agents/${name}.stdout.jsonl`), "utf8")
      return yield* AgentTurn.run({ ...request([], { adapter }), env: undefined }).pipe(
        Stream.runCollect,
        Effect.map(Chunk.toReadonlyArray),
        Effect.provide(scripted([Script.stdout(output), Script.exit(0)])),
        quietly
      )
    })

  it.effect.each([
    ["claude-text-turn", ClaudeAdapter.claude, ["Hello from mock"], []],
    ["claude-tool-turn", ClaudeAdapter.claude, ["I will read the file.", "It says: naïve \u2028 separators 🚀."], []],
    ["codex-text-turn", CodexAdapter.codex, ["Hello from mock"], ["agent 1"]]
  ] as const)("of %s is understood", ([name, adapter, texts, notices]) =>
    Effect.gen(function* () {
      const events = yield* recorded(name, adapter)
      expect(textsOf(events).map((each) => each.replace(/\s/gu, " "))).toEqual(
        texts.map((each) => each.replace(/\s/gu, " "))
      )
      expect(noticesOf(events)).toEqual(notices)
      expect(terminalOf(events)).toMatchObject({ _tag: "Completed", exitCode: 0 })
      const deltas = events.flatMap((event) => (event._tag === "Delta" && event.kind === "Text" ? [event.text] : []))
      if (deltas.length > 0) expect(deltas.join("")).toBe(textsOf(events).join(""))
    })
  )
})
