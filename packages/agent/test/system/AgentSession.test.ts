/**
 * One process, and turn after turn of it.
 */
import { describe, expect, it } from "@effect/vitest"
import * as AgentSession from "@tether/agent/AgentSession"
import * as ClaudeAdapter from "@tether/agent/ClaudeAdapter"
import * as CodexAdapter from "@tether/agent/CodexAdapter"
import * as Transcript from "@tether/agent/Transcript"
import type { TurnEvent } from "@tether/agent/TurnEvent"
import * as NodeChildSpawner from "@tether/process-node/NodeChildSpawner"
import * as StopPlan from "@tether/process/StopPlan"
import * as FakeAgent from "@tether/vitest/FakeAgent"
import * as Script from "@tether/vitest/Script"
import { survivorsOf } from "@tether/vitest/Survivors"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { backgroundAgent } from "../support/backgroundAgent.js"
import {
  init,
  line,
  noticesOf,
  quietly,
  result,
  sessionId,
  terminalOf,
  text,
  textsOf,
  toolUse
} from "../support/turns.js"
import { waitUntil } from "../support/wait.js"

const open = (options: Partial<AgentSession.SessionOptions> = {}) =>
  AgentSession.open({ adapter: ClaudeAdapter.claude, binary: FakeAgent.binary, cwd: tmpdir(), ...options })

const scripted = (steps: ReadonlyArray<Script.Step>, options: Partial<AgentSession.SessionOptions> = {}) =>
  open({ ...options, env: { ...FakeAgent.env(Script.make(...steps)), ...options.env } })

const ask = (session: AgentSession.AgentSession, prompt: string, turnId?: string) =>
  Effect.map(Stream.runCollect(session.turn({ prompt, turnId })), Chunk.toReadonlyArray)

const withNode = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  quietly(Effect.provide(Effect.scoped(effect), NodeChildSpawner.layer))

/** A folder whose `log` has a line for every start. */
const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tether-session-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)
const startsIn = (log: string): ReadonlyArray<ReadonlyArray<string>> =>
  readFileSync(log, "utf8")
    .trim()
    .split("\n")
    .map((start) => (JSON.parse(start) as { readonly args: ReadonlyArray<string> }).args)

const call = Script.stdout(init(sessionId), toolUse("m", "toolu_1", "Bash", { command: "sleep 60" }))

describe("between two turns", () => {
  const turns = (between: ReadonlyArray<string>, second: ReadonlyArray<string>) =>
    withNode(
      Effect.gen(function* () {
        const session = yield* scripted([
          Script.readLine(),
          Script.stdout(init(sessionId), text("m1", "one"), result("one")),
          ...between.flatMap((each) => [Script.wait("100 millis"), Script.stdout(each)]),
          Script.readLine(),
          Script.stdout(...second),
          Script.hang
        ])
        const first = yield* ask(session, "first")
        // Mostly all of it has come then. What comes later is in the second turn, and is told from it by its origin.
        yield* Effect.sleep("600 millis")
        return [first, yield* ask(session, "second")] as const
      })
    )

  it.live("a message of the turn before goes on, and has all its parts", () =>
    Effect.gen(function* () {
      const [first, second] = yield* turns(
        [
          text("bg", "important words"),
          toolUse("bg", "toolu_1", "Bash", {}),
          line({ type: "result", subtype: "success", result: "noted", origin: { kind: "task-notification" } })
        ],
        [init(sessionId), text("m2", "two"), result("two")]
      )
      const { entries } = Transcript.reduce([...first, ...second])
      expect(
        entries.map(({ blocks }) => blocks.map((block) => (block._tag === "Text" ? block.text : block._tag)))
      ).toEqual([["one"], ["important words", "ToolUse"], ["two"]])
      expect(terminalOf(second)).toMatchObject({ _tag: "Completed", result: { text: "two" } })
    })
  )
})

describe("a session", () => {
  it.live("serves turn after turn with one process, each with its own end", () =>
    withNode(
      Effect.gen(function* () {
        const log = join(yield* folder, "log")
        const session = yield* open({ newSessionId: sessionId, env: { TETHER_FAKE_AGENT_LOG: log } })
        const first = yield* ask(session, "one")
        const second = yield* ask(session, "two")
        expect(textsOf(first)).toEqual(["You said: one"])
        expect(textsOf(second)).toEqual(["You said: two"])
        for (const events of [first, second]) {
          expect(terminalOf(events)).toMatchObject({ _tag: "Completed", sessionId, stuck: false })
          expect(events.filter((event) => event._tag === "SessionBound").length).toBe(1)
        }
        expect(yield* session.sessionId).toBe(sessionId)
        const starts = startsIn(log)
        expect(starts.length).toBe(1)
        expect(starts[0]?.slice(0, 7)).toEqual([
          "-p",
          "--output-format",
          "stream-json",
          "--verbose",
          "--include-partial-messages",
          "--input-format",
          "stream-json"
        ])
      })
    )
  )

  it.live("lets a turn wait for the one before", () =>
    withNode(
      Effect.gen(function* () {
        const session = yield* open()
        const prompts = Array.from({ length: 10 }, (_, index) => `number ${index}`)
        const all = yield* Effect.forEach(prompts, (prompt) => ask(session, prompt), { concurrency: "unbounded" })
        expect(all.map(textsOf)).toEqual(prompts.map((prompt) => [`You said: ${prompt}`]))
      })
    )
  )

  it.live("or refuses it, as was asked for", () =>
    withNode(
      Effect.gen(function* () {
        const session = yield* scripted([Script.readLine(), call, Script.hang], {
          whenBusy: "refuse",
          interruptGrace: "300 millis"
        })
        const first = yield* Effect.fork(ask(session, "one", "first"))
        yield* waitUntil(Effect.map(session.sessionId, (id) => id !== undefined))
        const error = yield* Effect.flip(ask(session, "two", "second"))
        expect(error).toMatchObject({ _tag: "SessionBusy", running: "first", turnId: "second" })
        yield* Fiber.interrupt(first)
      })
    )
  )

  it.live("shows no secret of its environment in the stderr of a turn that its process outlives", () =>
    withNode(
      Effect.gen(function* () {
        const answer = Script.stdout(init(sessionId), text("m", "hello"), result("hello"))
        const steps = [
          Script.readLine(),
          Script.stderr("key s3cret-key\n"),
          Script.wait("50 millis"),
          answer,
          Script.hang
        ]
        const session = yield* scripted(steps, { env: { KEY: Redacted.make("s3cret-key") } })
        const events = yield* ask(session, "one")
        expect(terminalOf(events)._tag).toBe("Completed")
        // Nothing says which of two pipes is read first.
        expect(["", "key <redacted>\n"]).toContain(terminalOf(events).stderr)
        expect(JSON.stringify(events)).not.toContain("s3cret-key")
      })
    )
  )

  it.live("ends a turn with the death of its process, and goes on with another one that resumes", () =>
    withNode(
      Effect.gen(function* () {
        const log = join(yield* folder, "log")
        const session = yield* scripted([Script.readLine(), call, Script.stderr("out of luck\n"), Script.exit(7)], {
          env: { TETHER_FAKE_AGENT_LOG: log }
        })
        for (const prompt of ["one", "two"]) {
          expect(terminalOf(yield* ask(session, prompt))).toMatchObject({
            _tag: "Failed",
            kind: { _tag: "Exit", code: 7 },
            exitCode: 7,
            stderr: "out of luck\n"
          })
        }
        const starts = startsIn(log)
        expect(starts.length).toBe(2)
        expect(starts[1]?.slice(-2)).toEqual(["--resume", sessionId])
      })
    )
  )

  it.live("asks another process where one ends by itself after each turn", () =>
    withNode(
      Effect.gen(function* () {
        const session = yield* scripted([
          Script.readLine(),
          Script.stdout(init(sessionId), text("m", "hello"), result("hello")),
          Script.exit(0)
        ])
        for (let turn = 0; turn < 5; turn++) expect(terminalOf(yield* ask(session, "again"))._tag).toBe("Completed")
      })
    )
  )

  it.live("gives no turn the result of another, that comes late", () =>
    withNode(
      Effect.gen(function* () {
        const session = yield* scripted([
          Script.readLine(),
          Script.stdout(init(sessionId), text("a", "one"), result("one")),
          Script.readLine(),
          Script.stdout(result("one again").replace("{", `{"session_id":"${sessionId}",`)),
          Script.wait("200 millis"),
          Script.stdout(init(sessionId), text("b", "two"), result("two")),
          Script.hang
        ])
        yield* ask(session, "one")
        const second = yield* ask(session, "two")
        expect(terminalOf(second)).toMatchObject({ _tag: "Completed", result: { text: "two" } })
        expect(noticesOf(second)).toEqual(["repeated 1"])
      })
    )
  )

  it.live("takes a result for that of the turn where nothing else comes", () =>
    withNode(
      Effect.gen(function* () {
        const session = yield* scripted([
          Script.readLine(),
          Script.stdout(init(sessionId), result("one")),
          Script.readLine(),
          Script.stdout(result("no more credit", "error_x")),
          Script.hang
        ])
        yield* ask(session, "one")
        expect(terminalOf(yield* ask(session, "two"))).toMatchObject({
          _tag: "Failed",
          kind: { _tag: "Result", subtype: "error_x" }
        })
      })
    )
  )

  it.live("stops by the plan that was given, and not for what has ended already", () =>
    withNode(
      Effect.gen(function* () {
        // It would end by any other signal with a code.
        const heeds = ["SIGINT", "SIGTERM"].map((signal) => Script.on(signal as "SIGINT", Script.exit(3)))
        const session = yield* scripted([...heeds, Script.readLine(), call, Script.hang], {
          stop: StopPlan.kill,
          timeouts: { total: "500 millis" }
        })
        const terminal = terminalOf(yield* ask(session, "one"))
        expect(terminal).toMatchObject({ _tag: "Failed", kind: { _tag: "Timeout", phase: "total" }, signal: "SIGKILL" })
      })
    )
  )

  it.live("counts the time in which it is not read", () =>
    withNode(
      Effect.gen(function* () {
        const session = yield* scripted([Script.hang], { stop: StopPlan.kill, timeouts: { total: "500 millis" } })
        expect(terminalOf(yield* ask(session, "x".repeat(5_000_000)))).toMatchObject({
          kind: { _tag: "Timeout", phase: "total" }
        })
      })
    )
  )

  it.live("starts a process again that has ended between two turns, and says so", () =>
    withNode(
      Effect.gen(function* () {
        const session = yield* scripted([
          Script.readLine(),
          Script.stdout(init(sessionId), text("m", "hello"), result("hello")),
          Script.exit(0)
        ])
        expect(terminalOf(yield* ask(session, "one"))._tag).toBe("Completed")
        yield* Effect.sleep("300 millis")
        const second = yield* ask(session, "two")
        expect(noticesOf(second)).toEqual(["agent 1"])
        expect(terminalOf(second)._tag).toBe("Completed")
      })
    )
  )

  it.live("brings what is said between two turns with the next one", () =>
    withNode(
      Effect.gen(function* () {
        const session = yield* scripted([
          Script.readLine(),
          Script.stdout(init(sessionId), result("one")),
          Script.wait("200 millis"),
          Script.stdout(text("late", "by the way")),
          Script.wait("600 millis"),
          // The turn that it has begun by itself.
          Script.stdout(result("not asked for")),
          Script.readLine(),
          Script.stdout(init(sessionId), text("m", "hello"), result("two")),
          Script.hang
        ])
        yield* ask(session, "one")
        yield* Effect.sleep("400 millis")
        const second = yield* ask(session, "two")
        expect(textsOf(second)).toEqual(["by the way", "hello"])
        expect(terminalOf(second)).toMatchObject({ _tag: "Completed", result: { text: "two" } })
      })
    )
  )

  it.live("leaves nothing when its scope closes, a turn that runs included", () =>
    Effect.gen(function* () {
      const mark = `session-${process.pid}`
      const events: Array<TurnEvent> = []
      yield* withNode(
        Effect.gen(function* () {
          const session = yield* scripted([Script.readLine(), call, Script.leave(Script.hang), Script.hang], {
            env: { MARK: mark }
          })
          yield* Effect.forkDaemon(
            Stream.runForEach(session.turn({ prompt: "one" }), (event) => Effect.sync(() => events.push(event)))
          )
          yield* waitUntil(Effect.sync(() => events.length > 1))
        })
      )
      yield* waitUntil(
        Effect.sync(() => events.some((event) => event._tag === "Cancelled")),
        "the turn is cancelled"
      )
      terminalOf(events)
      expect(yield* survivorsOf(`MARK=${mark}`)).toEqual([])
    })
  )

  it.live("that is closed starts nothing for those who waited, and says so", () =>
    Effect.gen(function* () {
      const mark = `session-${process.pid}-waiting`
      const waiting = yield* withNode(
        Effect.gen(function* () {
          const session = yield* scripted([Script.readLine(), call, Script.hang], { env: { MARK: mark } })
          yield* Effect.forkDaemon(ask(session, "one"))
          yield* waitUntil(Effect.map(session.sessionId, (id) => id !== undefined))
          return yield* Effect.forkDaemon(Effect.flip(ask(session, "two")))
        })
      )
      expect((yield* Fiber.join(waiting)).message).toMatch(/the session is closed/)
      expect(yield* survivorsOf(`MARK=${mark}`)).toEqual([])
    })
  )

  it.live("is not had of an agent that serves one turn", () =>
    withNode(
      Effect.map(Effect.flip(open({ adapter: CodexAdapter.codex })), (error) =>
        expect(error.reason).toBe("Unsupported")
      )
    )
  )
})

describe("an agent that begins turns by itself", () => {
  it.live.each([
    ["names what it answers", { names: true, joins: false, tells: true }],
    ["answers within them", { names: true, joins: true, tells: true }],
    ["does not name what it answers", { names: false, joins: false, tells: true }]
  ] as const)("and %s gives each prompt its own answer", ([, habits]) =>
    withNode(
      Effect.gen(function* () {
        const binary = backgroundAgent(yield* folder, habits)
        const session = yield* open({ binary })
        for (let n = 0; n < 20; n++) {
          const prompt = `${n % 2 === 0 ? "task" : "question"} ${n}`
          const events = yield* ask(session, prompt)
          expect(terminalOf(events)).toMatchObject({ _tag: "Completed", result: { text: `answer to ${prompt}` } })
          yield* Effect.sleep(Math.random() * 60)
        }
      })
    )
  )
})

describe("an interrupt", () => {
  const answered = Script.stdout(
    line({ type: "control_response", response: { subtype: "success", request_id: "1" } }),
    result("", "error_during_execution")
  )

  it.live("ends the turn, and the process goes on", () =>
    withNode(
      Effect.gen(function* () {
        const log = join(yield* folder, "log")
        const session = yield* scripted(
          [
            Script.readLine(),
            call,
            Script.readLine(),
            answered,
            Script.readLine(),
            Script.stdout(text("m2", "here"), result("here")),
            Script.hang
          ],
          { env: { TETHER_FAKE_AGENT_LOG: log } }
        )
        const first = yield* Effect.fork(ask(session, "one"))
        yield* waitUntil(Effect.map(session.sessionId, (id) => id !== undefined))
        yield* session.interrupt
        expect(terminalOf(yield* Fiber.join(first))).toMatchObject({
          _tag: "Cancelled",
          result: { subtype: "error_during_execution" }
        })
        expect(terminalOf(yield* ask(session, "two"))._tag).toBe("Completed")
        expect(startsIn(log).length).toBe(1)
      })
    )
  )

  it.live("stops a process that does not answer to it, and the next turn has another one", () =>
    withNode(
      Effect.gen(function* () {
        const log = join(yield* folder, "log")
        const session = yield* scripted([Script.readLine(), call, Script.hang], {
          interruptGrace: "300 millis",
          env: { TETHER_FAKE_AGENT_LOG: log }
        })
        const first = yield* Effect.fork(ask(session, "one"))
        yield* waitUntil(Effect.map(session.sessionId, (id) => id !== undefined))
        yield* session.interrupt
        expect(terminalOf(yield* Fiber.join(first))).toMatchObject({ _tag: "Cancelled", signal: "SIGINT" })
        const second = yield* Effect.fork(ask(session, "two"))
        yield* waitUntil(Effect.sync(() => startsIn(log).length === 2))
        yield* Fiber.interrupt(second)
      })
    )
  )

  it.live("where nothing runs does nothing", () => withNode(Effect.flatMap(open(), (session) => session.interrupt)))
})

describe("a question for permission", () => {
  const question = Script.stdout(
    init(sessionId),
    line({
      type: "control_request",
      request_id: "q-1",
      request: { subtype: "can_use_tool", tool_name: "Bash", input: { command: "rm -r x" } }
    })
  )
  const answered = (answer: object) =>
    Script.readLine(
      JSON.stringify({
        type: "control_response",
        response: { subtype: "success", request_id: "q-1", response: answer }
      })
    )
  const denied = answered({ behavior: "deny", message: "The program that runs this session does not allow it." })

  /** A turn that goes on when the question was answered so. */
  const asking = (
    answer: Script.Step,
    options: Partial<AgentSession.SessionOptions>,
    onAsked: (session: AgentSession.AgentSession, id: string) => Effect.Effect<unknown> = () => Effect.void
  ) =>
    withNode(
      Effect.gen(function* () {
        const session = yield* scripted(
          [Script.readLine(), question, answer, Script.stdout(result("done")), Script.hang],
          options
        )
        const events: Array<TurnEvent> = []
        yield* Stream.runForEach(session.turn({ prompt: "clean up" }), (event) =>
          Effect.zipRight(
            Effect.sync(() => events.push(event)),
            event._tag === "PermissionAsked" ? onAsked(session, event.requestId) : Effect.void
          )
        )
        return events
      })
    )

  it.live("is an event, and is denied where nothing was said of it", () =>
    Effect.gen(function* () {
      const events = yield* asking(denied, {})
      expect(events).toContainEqual({
        _tag: "PermissionAsked",
        requestId: "q-1",
        tool: "Bash",
        input: { command: "rm -r x" }
      })
      expect(terminalOf(events)._tag).toBe("Completed")
    })
  )

  it.live("is answered by who reads it", () =>
    Effect.gen(function* () {
      const replies: Array<boolean> = []
      const reply = (session: AgentSession.AgentSession, id: string) =>
        Effect.forEach([1, 2], () =>
          Effect.map(session.reply(id, { behavior: "allow", input: { command: "ls" } }), (told) => replies.push(told))
        )
      const events = yield* asking(
        answered({ behavior: "allow", updatedInput: { command: "ls" } }),
        { permissions: "ask" },
        reply
      )
      expect(terminalOf(events)._tag).toBe("Completed")
      expect(replies).toEqual([true, false])
    })
  )

  it.live("is denied where the answer is nested too deeply to be written", () =>
    Effect.gen(function* () {
      const input: unknown = JSON.parse(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`)
      const events = yield* asking(
        answered({ behavior: "deny", message: "The input cannot be written as JSON." }),
        { permissions: "ask" },
        (session, id) => session.reply(id, { behavior: "allow", input: { input } })
      )
      expect(terminalOf(events)._tag).toBe("Completed")
    })
  )

  it.live("is denied where nobody answers it in time", () =>
    Effect.map(asking(denied, { permissions: "ask", permissionTimeout: "100 millis" }), (events) =>
      expect(terminalOf(events)._tag).toBe("Completed")
    )
  )
})
