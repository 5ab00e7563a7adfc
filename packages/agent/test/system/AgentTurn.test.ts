/**
 * Turns of real processes: whatever the agent does, there is one terminal event, and it is the last.
 */
import { describe, expect, it } from "@effect/vitest"
import type * as AgentAdapter from "@tether/agent/AgentAdapter"
import * as AgentTurn from "@tether/agent/AgentTurn"
import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
import * as CodexAdapter from "@tether/agent/CodexAdapter"
import type * as TurnEvent from "@tether/agent/TurnEvent"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as StopPlan from "@tether/process/StopPlan"
import * as FakeAgent from "@tether/vitest/FakeAgent"
import * as Script from "@tether/vitest/Script"
import { survivorsOf } from "@tether/vitest/Survivors"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  delta,
  eventsOf,
  init,
  line,
  lineByLine,
  noticesOf,
  play,
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
import { waitUntil } from "../support/wait.js"

const impatient = StopPlan.make(StopPlan.signal("SIGINT", "300 millis"), StopPlan.signal("SIGTERM", "300 millis"))

const whole = Script.stdout(init(sessionId), text("msg_1", "hello"), result("hello"))

describe("a turn", () => {
  it.live("is its session, its messages, what it used, and Completed", () =>
    Effect.gen(function* () {
      const events = yield* play([
        Script.stdout(
          init(sessionId),
          delta("I will "),
          text("msg_1", "I will read it."),
          toolUse("msg_1", "toolu_1", "Read", { file_path: "notes.txt" }),
          toolResult("toolu_1", "hello file"),
          text("msg_2", "It says hello."),
          result("It says hello.")
        ),
        Script.exit(0)
      ])
      const words: TurnEvent.Block = { _tag: "Text", text: "I will read it." }
      const call: TurnEvent.Block = { _tag: "ToolUse", id: "toolu_1", name: "Read", input: { file_path: "notes.txt" } }
      const last: TurnEvent.Block = { _tag: "Text", text: "It says hello." }
      expect(events.slice(0, -1)).toEqual([
        { _tag: "SessionBound", sessionId },
        { _tag: "Delta", kind: "Text", index: 0, text: "I will " },
        { _tag: "Message", id: "msg_1", role: "assistant", status: "Streaming", blocks: [words] },
        { _tag: "Message", id: "msg_1", role: "assistant", status: "Streaming", blocks: [words, call] },
        { _tag: "Message", id: "msg_1", role: "assistant", status: "Complete", blocks: [words, call] },
        {
          _tag: "Message",
          role: "user",
          status: "Complete",
          blocks: [{ _tag: "ToolResult", toolUseId: "toolu_1", content: "hello file", isError: false }]
        },
        { _tag: "Message", id: "msg_2", role: "assistant", status: "Streaming", blocks: [last] },
        { _tag: "Message", id: "msg_2", role: "assistant", status: "Complete", blocks: [last] },
        { _tag: "Usage", inputTokens: 10, outputTokens: 5, cacheReadTokens: 2, cacheWriteTokens: 1, costUsd: 0.01 }
      ])
      expect(terminalOf(events)).toMatchObject({
        _tag: "Completed",
        exitCode: 0,
        sessionId,
        stuck: false,
        result: { subtype: "success", isError: false, text: "It says hello." }
      })
    })
  )

  it.live("binds its session once, at the first line of the conversation, before that line's message", () =>
    Effect.gen(function* () {
      const events = yield* play([
        Script.stdout(
          line({ type: "progress" }),
          line({ type: "permission-mode", sessionId: "a" }),
          line({ type: "rate_limit_event", session_id: "a" }),
          line({ type: "assistant", parent_tool_use_id: "t", session_id: "a", message: { content: [] } }),
          line({
            type: "assistant",
            session_id: "b",
            message: { id: "m", content: [{ type: "text", text: "hello" }] }
          }),
          result("hello")
        ),
        Script.exit(0)
      ])
      expect(events.filter((event) => event._tag === "SessionBound")).toEqual([
        { _tag: "SessionBound", sessionId: "b" }
      ])
      expect(events.map((event) => event._tag)).toEqual(["SessionBound", "Message", "Message", "Usage", "Completed"])
    })
  )

  it.live("shows nothing of sub-agents, of what the program notes for itself, and of empty lines", () =>
    Effect.gen(function* () {
      const events = yield* play([
        Script.stdout(
          "\n",
          "   \r\n",
          ...["custom-title", "pr-link", "progress", "queue-operation", "attachment"].map((type) =>
            line({ type, sessionId })
          ),
          line({ type: "assistant", parent_tool_use_id: "toolu_1", message: { id: "side", content: "aside" } }),
          line({ type: "user", isMeta: true, message: { content: "aside" } }),
          line({ type: "user", isSidechain: true, message: { content: "aside" } }),
          text("msg_1", "hello"),
          result("hello")
        ),
        Script.exit(0)
      ])
      expect(textsOf(events)).toEqual(["hello"])
      expect(noticesOf(events)).toEqual([])
    })
  )

  it.live("keeps what no line splits in one piece", () =>
    Effect.gen(function* () {
      const words = "naïve \u2028 separators \u2029 and \u0085 next 🚀"
      const bytes = new TextEncoder().encode(text("msg_1", words) + result(words))
      const events = yield* play([Script.write("stdout", ...Script.bytewise(bytes)), Script.exit(0)])
      expect(textsOf(events)).toEqual([words])
      expect(terminalOf(events)).toMatchObject({ _tag: "Completed", result: { text: words } })
    })
  )
})

describe("a turn is told to its program", () => {
  const askedOf = (more: Partial<AgentTurn.TurnRequest>) =>
    Effect.acquireUseRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-agent-"))),
      (directory) => {
        const log = join(directory, "log")
        return Effect.map(
          eventsOf({
            ...request([Script.echo, whole, Script.exit(0)]),
            ...more,
            env: {
              ...FakeAgent.env(Script.make(Script.readToEnd, whole, Script.exit(0))),
              TETHER_FAKE_AGENT_LOG: log,
              ...more.env
            }
          }),
          (events) => ({
            events,
            ...(JSON.parse(readFileSync(log, "utf8").trim()) as { readonly args: ReadonlyArray<string> })
          })
        )
      },
      (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
    )
  const output = ["--output-format", "stream-json", "--verbose", "--include-partial-messages"]

  it.live("in this order", () =>
    Effect.gen(function* () {
      const { args, events } = yield* askedOf({ permissionMode: "acceptEdits", newSessionId: sessionId })
      expect(args).toEqual([
        "-p",
        "what is in notes.txt?",
        ...output,
        "--permission-mode",
        "acceptEdits",
        "--session-id",
        sessionId
      ])
      expect(terminalOf(events)._tag).toBe("Completed")
    })
  )

  it.live("and of two sessions the one to resume wins", () =>
    Effect.gen(function* () {
      const { args } = yield* askedOf({ resumeSessionId: "old", newSessionId: sessionId, args: ["--model", "small"] })
      expect(args.slice(6)).toEqual(["--permission-mode", "default", "--resume", "old", "--model", "small"])
    })
  )

  it.live.each<readonly [string, string]>([
    ["one that begins with a dash", "--help me"],
    ["one of 150 KB", "x".repeat(150_000)]
  ])("with a prompt on stdin, for %s", ([, prompt]) =>
    Effect.gen(function* () {
      // It says what it was told.
      const events = yield* eventsOf({ ...request([]), prompt, env: { TETHER_FAKE_AGENT: undefined } })
      expect(textsOf(events)).toEqual([`You said: ${prompt}`])
      const { args } = yield* askedOf({ prompt })
      expect(args).toEqual(["-p", ...output, "--permission-mode", "default"])
    })
  )
})

describe("bad input starts nothing", () => {
  const refused = (more: Partial<AgentTurn.TurnRequest>) => Effect.flip(play([Script.exit(0)], more))

  it.live("and all problems are named", () =>
    Effect.gen(function* () {
      const error = yield* refused({
        cwd: "here",
        prompt: " ",
        newSessionId: "no uuid",
        maxLineBytes: 0,
        timeouts: { idle: "soon" as never }
      })
      expect(error.reason).toBe("InvalidArgument")
      expect(error.problems.length).toBe(5)
      expect(error.message).toMatch(/cwd is an absolute path/)
    })
  )

  it.live("nor a directory that is not there", () =>
    Effect.map(refused({ cwd: "/does/not/exist" }), (error) => expect(error.reason).toBe("BadWorkingDirectory"))
  )

  it.live("nor a program that is not there, and it says where it looked", () =>
    Effect.gen(function* () {
      const error = yield* refused({ binary: "no-such-agent", env: { PATH: "/usr/bin:/opt/none" } })
      expect(error.reason).toBe("NotFound")
      expect(error.message).toContain("/usr/bin")
      expect(error.message).toContain("/opt/none")
    })
  )

  it.live("and codex cannot be told the id of a new session", () =>
    Effect.map(refused({ adapter: CodexAdapter.codex, newSessionId: sessionId }), (error) =>
      expect(error.message).toMatch(/leave newSessionId out/)
    )
  )
})

describe("an agent that fails is told apart", () => {
  const ends: ReadonlyArray<readonly [string, ReadonlyArray<Script.Step>, object]> = [
    [
      "exit code",
      [Script.stdout(init(sessionId)), Script.stderr("no key\n"), Script.exit(3)],
      { kind: { _tag: "Exit", code: 3 }, exitCode: 3, stderr: "no key\n" }
    ],
    [
      "exit code after a good result",
      [whole, Script.exit(3)],
      { kind: { _tag: "Exit", code: 3 }, result: { text: "hello" } }
    ],
    ["signal", [whole, Script.die("SIGKILL")], { kind: { _tag: "Signal", name: "SIGKILL" }, signal: "SIGKILL" }],
    [
      "result that is an error",
      [Script.stdout(result("", "error_max_turns")), Script.exit(1)],
      { kind: { _tag: "Result", subtype: "error_max_turns" }, exitCode: 1 }
    ],
    [
      "end without a result",
      [Script.stdout(init(sessionId), text("m", "hel")), Script.exit(0)],
      { kind: { _tag: "NoResult" }, exitCode: 0 }
    ],
    ["nothing at all", [Script.exit(0)], { kind: { _tag: "NoResult" } }],
    ["end before it has read its prompt", [Script.close("stdin"), Script.exit(0)], { kind: { _tag: "NoResult" } }]
  ]
  it.live.each(ends)("by its %s", ([, steps, expected]) =>
    Effect.map(play(steps), (events) => expect(terminalOf(events)).toMatchObject({ _tag: "Failed", ...expected }))
  )

  it.live("also where its prompt was long and it has read none of it", () =>
    Effect.map(play([Script.exit(0)], { prompt: "x".repeat(2_000_000) }), (events) =>
      expect(terminalOf(events)).toMatchObject({ _tag: "Failed", kind: { _tag: "NoResult" } })
    )
  )
})

describe("what is odd is a notice, and ends nothing", () => {
  it.live("a banner, an unknown type, and what is no message", () =>
    Effect.gen(function* () {
      const events = yield* play([
        Script.stdout(
          "Welcome!\n",
          "[1,2]\n",
          '{"type":\n',
          line({ type: "weather" }),
          line({ type: "assistant" }),
          text("m", "hello"),
          result("hello")
        ),
        Script.exit(0)
      ])
      expect(noticesOf(events)).toEqual(["malformed 1", "malformed 2", "malformed 3", "unknown 1", "malformed 4"])
      expect(textsOf(events)).toEqual(["hello"])
      expect(terminalOf(events)._tag).toBe("Completed")
    })
  )

  it.live("a million lines that are nothing, while others have their turns", () =>
    Effect.gen(function* () {
      let turns = 0
      const timer = setInterval(() => turns++, 1)
      const events = yield* eventsOf(lineByLine)
      clearInterval(timer)
      expect(noticesOf(events).length).toBe(100_000)
      expect(terminalOf(events)).toMatchObject({ kind: { _tag: "NoResult" } })
      expect(turns).toBeGreaterThan(10)
    })
  )

  it.live("a line at which its adapter fails, also the end", () =>
    Effect.gen(function* () {
      const fails = () => {
        throw new Error("no")
      }
      const adapter = {
        ...ClaudeAdapter.claude,
        decoder: (prompt: AgentAdapter.Prompt) => {
          const decoder = ClaudeAdapter.claude.decoder(prompt)
          return { line: (each: string) => (each === "bad" ? fails() : decoder.line(each)), end: fails }
        }
      }
      const events = yield* play([Script.stdout("bad\n", result("done")), Script.exit(0)], { adapter })
      expect(noticesOf(events)).toEqual(["malformed 1", "malformed 2"])
      expect(terminalOf(events)._tag).toBe("Completed")
    })
  )

  it.live("what no type foresees", () =>
    Effect.gen(function* () {
      const deep = "[".repeat(20_000) + "]".repeat(20_000)
      const events = yield* play([
        Script.stdout(
          line({ type: "stream_event", event: { type: "content_block_delta", delta: { type: { toString: 1 } } } }),
          line({ type: "stream_event", event: { type: "content_block_delta", delta: { type: "constructor" } } }),
          `{"type":1,"x":${deep}}\n`,
          text("m", "hello"),
          line({ type: "result", subtype: "error_x", is_error: 1, errors: [{ toString: 1 }] })
        ),
        Script.exit(1)
      ])
      expect(textsOf(events)).toEqual(["hello"])
      expect(terminalOf(events)).toMatchObject({ kind: { _tag: "Result", subtype: "error_x" } })
    })
  )

  it.live("parts of a message that come between those of another", () =>
    Effect.gen(function* () {
      const events = yield* play([
        Script.stdout(text("a", "A1"), text("b", "B1"), text("a", "A2"), result("done")),
        Script.exit(0)
      ])
      const last = new Map(
        events.flatMap((event) =>
          event._tag === "Message"
            ? [[event.id, event.blocks.map((block) => (block._tag === "Text" ? block.text : ""))]]
            : []
        )
      )
      expect([...last]).toEqual([
        ["a", ["A1", "A2"]],
        ["b", ["B1"]]
      ])
    })
  )

  it.live("a second result, which counts", () =>
    Effect.gen(function* () {
      const events = yield* play([
        Script.stdout(result("one"), result("two", "error_during_execution")),
        Script.exit(0)
      ])
      expect(noticesOf(events)).toEqual(["repeated 1"])
      expect(terminalOf(events)).toMatchObject({
        _tag: "Failed",
        kind: { _tag: "Result", subtype: "error_during_execution" }
      })
    })
  )

  it.live("a line of 50 MB, and one that is longer than is allowed is cut", () =>
    Effect.gen(function* () {
      const mega = Script.repeat(
        50,
        Script.stdout("x".repeat(100)),
        Script.repeat(10_485, Script.stdout("y".repeat(100)))
      )
      const long = [
        Script.stdout('{"type":"assistant","message":{"id":"m","content":"'),
        mega,
        Script.stdout('"}}\n', result("done")),
        Script.exit(0)
      ]
      const cut = yield* play(long, { maxLineBytes: 1024 * 1024 })
      expect(noticesOf(cut)).toEqual(["truncated 1"])
      expect(terminalOf(cut)._tag).toBe("Completed")
    })
  )

  it.live("and where its result was cut, that is the failure", () =>
    Effect.map(play([Script.stdout(result("x".repeat(5000))), Script.exit(0)], { maxLineBytes: 1000 }), (events) =>
      expect(terminalOf(events)).toMatchObject({ _tag: "Failed", kind: { _tag: "Protocol" } })
    )
  )

  it.live("stderr beyond 8 KiB: its lines end, its bytes are counted, and its end is kept", () =>
    Effect.gen(function* () {
      const events = yield* play([
        Script.repeat(2000, Script.stderr(`${"e".repeat(99)}\n`)),
        Script.stderr("the last\n"),
        whole,
        Script.exit(0)
      ])
      const shown = events.flatMap((event) => (event._tag === "Stderr" ? [event.line] : []))
      // The line that crosses is whole.
      expect(shown.length).toBe(82)
      const { stderr, stderrBytes } = terminalOf(events)
      expect(stderrBytes).toBe(200_009)
      expect(stderr.endsWith("e\nthe last\n")).toBe(true)
      expect(stderr.length).toBeLessThanOrEqual(8192)
    })
  )
})

describe("a secret of its environment", () => {
  it.live("is in no line of stderr, no notice and no end, also with a colour in its middle", () =>
    Effect.gen(function* () {
      const lines = "key s3cret-key\nkey s3cr\x1b[1met-k\x1b[mey\n"
      const events = yield* play([Script.stdout(lines), Script.stderr(lines), Script.exit(3)], {
        env: { KEY: Redacted.make("s3cret-key") }
      })
      expect(JSON.stringify(events).replaceAll(/\\u001b\[\d*m/g, "")).not.toContain("s3cret-key")
      expect(events.filter(({ _tag }) => _tag === "Stderr")).toHaveLength(2)
      expect(noticesOf(events).length).toBeGreaterThan(0)
      expect(terminalOf(events).stderr).toBe("key <redacted>\nkey <redacted>\x1b[1m\x1b[m\n")
    })
  )
})

describe("a line that was cut in the middle of a secret", () => {
  it.live("has nothing of it, in stderr and in a notice", () =>
    Effect.gen(function* () {
      const [line, junk] = ["key aaaahunter12-long-secretbbbb\n", "junk aahunter12-long-secretbbbb\n"]
      const events = yield* play([Script.stdout(junk), Script.stderr(line), Script.exit(3)], {
        env: { KEY: Redacted.make("hunter12-long-secret") },
        maxLineBytes: 22
      })
      expect(JSON.stringify(events)).not.toContain("hunter")
      expect(events.filter(({ _tag }) => _tag === "Stderr")).toMatchObject([{ line: "key aaaa<redacted>" }])
      expect(noticesOf(events)).toContain("truncated 1")
    })
  )
})

describe("after its result", () => {
  const stays = [Script.ignore("SIGINT"), Script.ignore("SIGTERM"), whole, Script.hang]

  it.live.each([
    ["completed", "Completed", undefined],
    ["failed", "Failed", { _tag: "StuckAfterResult" }]
  ] as const)("an agent that does not end is ended, and the turn is %s as was asked for", ([stuckIs, tag, kind]) =>
    Effect.gen(function* () {
      const terminal = terminalOf(yield* play(stays, { afterResult: "100 millis", stop: impatient, stuckIs }))
      expect(terminal).toMatchObject({
        _tag: tag,
        stuck: true,
        signal: "SIGKILL",
        result: { text: "hello" },
        ...(kind === undefined ? {} : { kind })
      })
    })
  )

  it.live("what it runs at the end of the turn gets through, and is not named", () =>
    Effect.gen(function* () {
      const folder = mkdtempSync(join(tmpdir(), "tether-notify-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
      const binary = join(folder, "agent")
      const notify = `(sleep 0.5; echo told > ${folder}/told) >/dev/null 2>&1 &`
      writeFileSync(
        binary,
        `#!/bin/sh\necho '${JSON.stringify({ type: "result", subtype: "success" })}'\n${notify}\n`,
        {
          mode: 0o755
        }
      )
      const events = yield* play([], { binary, leftoverGrace: "30 seconds" })
      expect(noticesOf(events)).toEqual([])
      expect(readFileSync(join(folder, "told"), "utf8")).toBe("told\n")
    }).pipe(Effect.scoped)
  )

  it.live("what it has started is ended too, wherever that has gone, and named", () =>
    Effect.gen(function* () {
      const mark = `agent-${process.pid}-leftovers`
      const server = [Script.ignore("SIGINT"), Script.ignore("SIGTERM"), Script.hang]
      const events = yield* play(
        [
          Script.leaveWith({ holds: ["stdout", "stderr"], escapes: true }, ...server),
          Script.leave(...server),
          whole,
          Script.exit(0)
        ],
        { stop: impatient, env: { MARK: mark } }
      )
      expect(noticesOf(events)).toContain("leftovers 1")
      expect(terminalOf(events)).toMatchObject({ _tag: "Completed", exitCode: 0 })
      expect(yield* survivorsOf(`MARK=${mark}`)).toEqual([])
    })
  )
})

describe("a cancel", () => {
  const tool = [
    Script.stdout(init(sessionId), toolUse("m", "toolu_1", "Bash", { command: "sleep 60" })),
    Script.leaveWith(
      { holds: ["stdout"], escapes: true },
      Script.ignore("SIGINT"),
      Script.ignore("SIGTERM"),
      Script.hang
    )
  ]

  const cancelling = (
    steps: ReadonlyArray<Script.Step>,
    how: (turn: AgentTurn.Turn) => Effect.Effect<unknown>,
    more: Partial<AgentTurn.TurnRequest> = {}
  ) =>
    Effect.scoped(
      Effect.gen(function* () {
        const events: Array<TurnEvent.TurnEvent> = []
        const turn = yield* AgentTurn.start(request(steps, { stop: impatient, ...more }))
        const reader = yield* Effect.fork(
          Stream.runForEach(turn.events, (event) => Effect.sync(() => events.push(event)))
        )
        yield* waitUntil(
          Effect.sync(() => events.some((event) => event._tag === "Message")),
          "a message is there"
        )
        yield* how(turn)
        yield* reader
        return events
      })
    ).pipe(Effect.provide(NodeChildSpawner.layer), quietly)

  it.live("in the middle of a tool leaves nothing, and keeps what was said", () =>
    Effect.gen(function* () {
      const mark = `agent-${process.pid}-tool`
      const events = yield* cancelling([...tool, Script.hang], (turn) => turn.cancel, { env: { MARK: mark } })
      expect(terminalOf(events)).toMatchObject({ _tag: "Cancelled", sessionId, signal: "SIGINT" })
      expect(events.filter((event) => event._tag === "Message").length).toBeGreaterThan(0)
      expect(yield* survivorsOf(`MARK=${mark}`)).toEqual([])
    })
  )

  it.live("gets what the agent still says of it", () =>
    Effect.gen(function* () {
      const says = Script.on("SIGINT", Script.stdout(result("interrupted", "error_during_execution")), Script.exit(0))
      const events = yield* cancelling([says, ...tool, Script.hang], (turn) => turn.cancel)
      expect(terminalOf(events)).toMatchObject({ _tag: "Cancelled", exitCode: 0, result: { text: "interrupted" } })
    })
  )

  it.live("after the exit changes nothing, and answers with how it ended", () =>
    Effect.gen(function* () {
      const events = yield* cancelling([whole, Script.exit(0)], (turn) =>
        Effect.flatMap(turn.outcome, () => turn.cancel)
      )
      expect(terminalOf(events)._tag).toBe("Completed")
    })
  )

  it.live("is what leaving the stream means", () =>
    Effect.gen(function* () {
      const mark = `agent-${process.pid}-left`
      const first = yield* AgentTurn.run(
        request([...tool, Script.hang], { stop: impatient, env: { MARK: mark } })
      ).pipe(Stream.take(1), Stream.runCollect, Effect.provide(NodeChildSpawner.layer), quietly)
      expect([...first].length).toBe(1)
      expect(yield* survivorsOf(`MARK=${mark}`)).toEqual([])
    })
  )

  it.live("is what closing the scope means, for who still reads", () =>
    Effect.gen(function* () {
      const turn = yield* AgentTurn.start(request([...tool, Script.hang], { stop: impatient })).pipe(
        Effect.tap((turn) => Effect.forkDaemon(Stream.runDrain(Stream.take(turn.events, 2)))),
        Effect.scoped,
        Effect.provide(NodeChildSpawner.layer),
        quietly
      )
      expect((yield* turn.outcome)._tag).toBe("Cancelled")
    })
  )
})

describe("a reader that is slow", () => {
  it.live("holds the agent back, and gets all of it, also what comes after the exit", () =>
    Effect.gen(function* () {
      const words = "w".repeat(10_000)
      const lines = 3000
      const steps = [Script.repeat(lines, Script.stdout(delta(words))), Script.stdout(result("done")), Script.exit(0)]
      let taken = 0
      const events = yield* Effect.scoped(
        Effect.gen(function* () {
          const turn = yield* AgentTurn.start(request(steps, { timeouts: { idle: "500 millis" } }))
          // Long enough for all of it, were it not held back, and longer than the silence that is allowed.
          yield* Effect.sleep("1 second")
          expect(yield* Effect.isFailure(Effect.timeout(turn.outcome, 0)), "it is not over").toBe(true)
          yield* Stream.runForEach(turn.events, (event) =>
            Effect.sync(() => (event._tag === "Delta" ? taken++ : undefined))
          )
          return yield* turn.outcome
        })
      ).pipe(Effect.provide(NodeChildSpawner.layer), quietly)
      expect(taken).toBe(lines)
      expect(events._tag).toBe("Completed")
    })
  )
})

describe("codex", () => {
  const codexLine = (value: unknown) => line(value)

  it.live("has the same events", () =>
    Effect.gen(function* () {
      const command = {
        id: "item_1",
        type: "command_execution",
        command: "ls",
        aggregated_output: "",
        exit_code: null,
        status: "in_progress"
      }
      const events = yield* play(
        [
          Script.stdout(
            codexLine({ type: "thread.started", thread_id: "t-1" }),
            codexLine({ type: "turn.started" }),
            codexLine({ type: "item.completed", item: { id: "item_0", type: "reasoning", text: "look" } }),
            codexLine({ type: "item.started", item: command }),
            codexLine({
              type: "item.completed",
              item: { ...command, aggregated_output: "notes.txt\n", exit_code: 0, status: "completed" }
            }),
            codexLine({ type: "item.completed", item: { id: "item_2", type: "agent_message", text: "notes.txt" } }),
            codexLine({ type: "turn.completed", usage: { input_tokens: 10, cached_input_tokens: 4, output_tokens: 3 } })
          ),
          Script.exit(0)
        ],
        { adapter: CodexAdapter.codex }
      )
      expect(events.slice(0, -1)).toEqual([
        { _tag: "SessionBound", sessionId: "t-1" },
        {
          _tag: "Message",
          id: "1/item_0",
          role: "assistant",
          status: "Complete",
          blocks: [{ _tag: "Thinking", text: "look" }]
        },
        {
          _tag: "Message",
          id: "1/item_1",
          role: "assistant",
          status: "Complete",
          blocks: [{ _tag: "ToolUse", id: "item_1", name: "command_execution", input: { command: "ls" } }]
        },
        {
          _tag: "Message",
          id: "1/item_1/result",
          role: "user",
          status: "Complete",
          blocks: [{ _tag: "ToolResult", toolUseId: "item_1", content: "notes.txt\n", isError: false }]
        },
        {
          _tag: "Message",
          id: "1/item_2",
          role: "assistant",
          status: "Complete",
          blocks: [{ _tag: "Text", text: "notes.txt" }]
        },
        { _tag: "Usage", inputTokens: 6, outputTokens: 3, cacheReadTokens: 4, cacheWriteTokens: 0 }
      ])
      expect(terminalOf(events)).toMatchObject({ _tag: "Completed", sessionId: "t-1", result: { text: "notes.txt" } })
    })
  )

  it.live("fails with its turn", () =>
    Effect.gen(function* () {
      const events = yield* play(
        [
          Script.stdout(
            codexLine({ type: "error", message: "Reconnecting" }),
            codexLine({ type: "turn.failed", error: { message: "no credit" } })
          ),
          Script.exit(1)
        ],
        { adapter: CodexAdapter.codex }
      )
      expect(noticesOf(events)).toEqual(["agent 1"])
      expect(terminalOf(events)).toMatchObject({
        _tag: "Failed",
        kind: { _tag: "Result", subtype: "turn_failed" },
        result: { text: "no credit" }
      })
    })
  )

  it("is called with its words in their places", () => {
    const { args, stdin } = CodexAdapter.codex.invocation({
      turnId: "1",
      cwd: "/",
      prompt: "say hi",
      permissionMode: "plan",
      resumeSessionId: "t-1",
      args: ["--skip-git-repo-check"]
    })
    expect([args.join(" "), stdin]).toEqual([
      "exec --json --sandbox read-only --skip-git-repo-check resume t-1 say hi",
      "null"
    ])
    expect(CodexAdapter.codex.invocation({ turnId: "1", cwd: "/", prompt: "-v" })).toMatchObject({
      args: ["exec", "--json", "-"],
      stdin: { text: "-v" }
    })
    // It would be a command of codex.
    expect(CodexAdapter.codex.invocation({ turnId: "1", cwd: "/", prompt: "review" })).toMatchObject({
      args: ["exec", "--json", "-"],
      stdin: { text: "review" }
    })
  })
})

it("the adapter says so where a session's id would be an option", () => {
  expect(
    ClaudeAdapter.claude.invocation({ turnId: "1", cwd: "/", prompt: "hi", resumeSessionId: "--debug" }).problems.length
  ).toBe(1)
})
