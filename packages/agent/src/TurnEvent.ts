/**
 * What happens in one turn of an agent: one type, whatever program the agent is.
 */
import * as Schema from "effect/Schema"

/**
 * One part of a message: text, thinking, a call of a tool, or its result. `input` and `content` are what the agent
 * wrote, as JSON; `Other` is a part of a kind that is not known here, as it came.
 *
 * @example
 * ```ts
 * import type { Block } from "@tether/agent/TurnEvent"
 *
 * const textOf = (block: Block) => block._tag === "Text" ? block.text : ""
 * ```
 */
export const Block = Schema.Union(
  Schema.TaggedStruct("Text", { text: Schema.String }),
  Schema.TaggedStruct("Thinking", { text: Schema.String }),
  Schema.TaggedStruct("ToolUse", { id: Schema.String, name: Schema.String, input: Schema.Unknown }),
  Schema.TaggedStruct("ToolResult", { toolUseId: Schema.String, content: Schema.Unknown, isError: Schema.Boolean }),
  Schema.TaggedStruct("Other", { type: Schema.String, value: Schema.Unknown })
)

/**
 * The type of {@link Block}.
 *
 * @example
 * ```ts
 * import type { Block } from "@tether/agent/TurnEvent"
 *
 * const hello: Block = { _tag: "Text", text: "hello" }
 * ```
 */
export type Block = typeof Block.Type

/**
 * The session that the turn belongs to: how to resume it. It comes before the message that told it, and once more if
 * the agent ends the turn in another session.
 *
 * @example
 * ```ts
 * import type { SessionBound } from "@tether/agent/TurnEvent"
 *
 * const resume = ({ sessionId }: SessionBound) => ["--resume", sessionId]
 * ```
 */
export interface SessionBound extends Schema.Schema.Type<typeof SessionBound> {}

/**
 * The schema of the type of the same name.
 *
 * @example
 * ```ts
 * import { SessionBound } from "@tether/agent/TurnEvent"
 *
 * const bound = SessionBound.make({ sessionId: "0b5a…" })
 * ```
 */
export const SessionBound = Schema.TaggedStruct("SessionBound", { sessionId: Schema.String })

/**
 * A message, with all its parts so far. One that is `Streaming` comes again with more of them, under the same `id`, and
 * at last as `Complete`: take its place. Messages of the user, which hold the results of tools, are complete, and not
 * every agent gives them an `id`.
 *
 * @example
 * ```ts
 * import type { Message } from "@tether/agent/TurnEvent"
 *
 * const isOver = (message: Message) => message.status === "Complete"
 * ```
 */
export interface Message extends Schema.Schema.Type<typeof Message> {}

/**
 * The schema of the type of the same name.
 *
 * @example
 * ```ts
 * import { Message } from "@tether/agent/TurnEvent"
 * import * as Schema from "effect/Schema"
 *
 * const isMessage = Schema.is(Message)
 * ```
 */
export const Message = Schema.TaggedStruct("Message", {
  id: Schema.optional(Schema.String),
  role: Schema.Literal("user", "assistant"),
  status: Schema.Literal("Streaming", "Complete"),
  blocks: Schema.Array(Block)
})

/**
 * A piece of what is being written: of a text, of thinking, or of the input of a tool as JSON. `index` is the place of
 * its block in the message.
 *
 * @example
 * ```ts
 * import type { Delta } from "@tether/agent/TurnEvent"
 *
 * const isText = (delta: Delta) => delta.kind === "Text"
 * ```
 */
export interface Delta extends Schema.Schema.Type<typeof Delta> {}

/**
 * The schema of the type of the same name.
 *
 * @example
 * ```ts
 * import { Delta } from "@tether/agent/TurnEvent"
 *
 * const delta = Delta.make({ kind: "Text", index: 0, text: "Hel" })
 * ```
 */
export const Delta = Schema.TaggedStruct("Delta", {
  messageId: Schema.optional(Schema.String),
  kind: Schema.Literal("Text", "Thinking", "ToolInput"),
  index: Schema.Int,
  text: Schema.String
})

/**
 * A line of stderr. They come up to 8 KiB in all; of the rest, the end is in the terminal event.
 *
 * @example
 * ```ts
 * import type { Stderr } from "@tether/agent/TurnEvent"
 *
 * const show = ({ line }: Stderr) => console.error(line)
 * ```
 */
export interface Stderr extends Schema.Schema.Type<typeof Stderr> {}

/**
 * The schema of the type of the same name.
 *
 * @example
 * ```ts
 * import { Stderr } from "@tether/agent/TurnEvent"
 *
 * const warning = Stderr.make({ line: "warning: no key" })
 * ```
 */
export const Stderr = Schema.TaggedStruct("Stderr", { line: Schema.String })

/**
 * Something that would otherwise be passed over in silence. `text` says what, at most 200 characters of it; `count` is
 * how many of its kind there were in the turn, this one included.
 *
 * - `malformed`: a line of stdout that was no JSON object, or not of the form that its type has. `unknown`: a type that
 *   is not known here.
 * - `truncated`: a line that was longer than `maxLineBytes`.
 * - `agent`: what the agent itself warned of. `repeated`: a second result. `background`: the agent has ended a turn
 *   that it had begun by itself, whose messages came before this notice.
 * - `leftovers`: processes that the agent had left, and that were ended. `survivors`: those that could not be ended.
 * - `lost`: output that was not read to its end, and why.
 *
 * @example
 * ```ts
 * import type { Notice } from "@tether/agent/TurnEvent"
 *
 * const isOdd = (notice: Notice) => notice.kind === "malformed" || notice.kind === "unknown"
 * ```
 */
export interface Notice extends Schema.Schema.Type<typeof Notice> {}

/**
 * The schema of the type of the same name.
 *
 * @example
 * ```ts
 * import { Notice } from "@tether/agent/TurnEvent"
 *
 * const notice = Notice.make({ kind: "agent", text: "no credit left", count: 1 })
 * ```
 */
export const Notice = Schema.TaggedStruct("Notice", {
  kind: Schema.Literal(
    "malformed",
    "unknown",
    "truncated",
    "agent",
    "repeated",
    "background",
    "leftovers",
    "survivors",
    "lost"
  ),
  text: Schema.String,
  count: Schema.Int
})

/**
 * The agent asks whether it may use a tool. Only in a session that stays open and was asked for: see
 * `AgentSession.reply`.
 *
 * @example
 * ```ts
 * import type { PermissionAsked } from "@tether/agent/TurnEvent"
 *
 * const show = (asked: PermissionAsked) => `${asked.tool}: ${JSON.stringify(asked.input)}`
 * ```
 */
export interface PermissionAsked extends Schema.Schema.Type<typeof PermissionAsked> {}

/**
 * The schema of the type of the same name.
 *
 * @example
 * ```ts
 * import { PermissionAsked } from "@tether/agent/TurnEvent"
 *
 * const asked = PermissionAsked.make({ requestId: "1", tool: "Bash", input: { command: "ls" } })
 * ```
 */
export const PermissionAsked = Schema.TaggedStruct("PermissionAsked", {
  requestId: Schema.String,
  tool: Schema.String,
  input: Schema.Unknown
})

/**
 * What the turn has used. `inputTokens` are those that came from no cache; `costUsd` is there where the agent tells it.
 *
 * @example
 * ```ts
 * import type { Usage } from "@tether/agent/TurnEvent"
 *
 * const tokens = (usage: Usage) => usage.inputTokens + usage.outputTokens
 * ```
 */
export interface Usage extends Schema.Schema.Type<typeof Usage> {}

/**
 * The schema of the type of the same name.
 *
 * @example
 * ```ts
 * import { Usage } from "@tether/agent/TurnEvent"
 *
 * const usage = Usage.make({ inputTokens: 10, outputTokens: 3, cacheReadTokens: 0, cacheWriteTokens: 0 })
 * ```
 */
export const Usage = Schema.TaggedStruct("Usage", {
  inputTokens: Schema.Number,
  outputTokens: Schema.Number,
  cacheReadTokens: Schema.Number,
  cacheWriteTokens: Schema.Number,
  costUsd: Schema.optional(Schema.Number)
})

/**
 * What the agent says of the end of its turn. `subtype` is its own word (`"success"`, `"error_max_turns"`).
 *
 * @example
 * ```ts
 * import type { Result } from "@tether/agent/TurnEvent"
 *
 * const answer = (result: Result) => result.isError ? undefined : result.text
 * ```
 */
export interface Result extends Schema.Schema.Type<typeof Result> {}

/**
 * The schema of the type of the same name.
 *
 * @example
 * ```ts
 * import { Result } from "@tether/agent/TurnEvent"
 *
 * const result = Result.make({ subtype: "success", isError: false, text: "done" })
 * ```
 */
export const Result = Schema.Struct({
  subtype: Schema.String,
  isError: Schema.Boolean,
  text: Schema.optional(Schema.String),
  turns: Schema.optional(Schema.Number)
})

/**
 * Why a turn failed, in the order in which it is decided: the first that is true is the kind.
 *
 * - `Timeout`: nothing came at the `startup`, nothing came for too long (`idle`), or the whole took too long (`total`).
 * - `Signal`: a signal ended the agent that was not ours.
 * - `Result`: the agent itself says so. `StuckAfterResult`: its process did not end after its result, where that is to
 *   fail.
 * - `Exit`: another exit code than 0.
 * - `Protocol`: what came cannot be understood as a turn. `NoResult`: exit code 0, and no result.
 *
 * @example
 * ```ts
 * import type { FailureKind } from "@tether/agent/TurnEvent"
 *
 * const mayHelpToRepeat = (kind: FailureKind) => kind._tag === "Timeout" || kind._tag === "Signal"
 * ```
 */
export const FailureKind = Schema.Union(
  Schema.TaggedStruct("Timeout", { phase: Schema.Literal("startup", "idle", "total") }),
  Schema.TaggedStruct("Signal", { name: Schema.String }),
  Schema.TaggedStruct("Result", { subtype: Schema.String }),
  Schema.TaggedStruct("StuckAfterResult", {}),
  Schema.TaggedStruct("Exit", { code: Schema.Int }),
  Schema.TaggedStruct("Protocol", { problem: Schema.String }),
  Schema.TaggedStruct("NoResult", {})
)

/**
 * The type of {@link FailureKind}.
 *
 * @example
 * ```ts
 * import type { FailureKind } from "@tether/agent/TurnEvent"
 *
 * const kind: FailureKind = { _tag: "NoResult" }
 * ```
 */
export type FailureKind = typeof FailureKind.Type

// What every end has, where it is known. `stuck`: its process was ended by us some time after its result.
const end = {
  result: Schema.optional(Result),
  sessionId: Schema.optional(Schema.String),
  exitCode: Schema.optional(Schema.Int),
  signal: Schema.optional(Schema.String),
  stuck: Schema.Boolean,
  stderr: Schema.String,
  stderrBytes: Schema.Int,
  durationMillis: Schema.Number
}

/**
 * The turn is over, with exit code 0 and a result that is no error; or, where it is `stuck`, with such a result, after
 * which its process had to be ended.
 *
 * @example
 * ```ts
 * import type { Completed } from "@tether/agent/TurnEvent"
 *
 * const answer = (completed: Completed) => completed.result.text
 * ```
 */
export interface Completed extends Schema.Schema.Type<typeof Completed> {}

/**
 * The schema of the type of the same name.
 *
 * @example
 * ```ts
 * import { Completed } from "@tether/agent/TurnEvent"
 * import * as Schema from "effect/Schema"
 *
 * const isCompleted = Schema.is(Completed)
 * ```
 */
export const Completed = Schema.TaggedStruct("Completed", { ...end, result: Result })

/**
 * The turn is over, and `kind` says why it failed. `result`, `exitCode`, `signal`, and the end of stderr (8 KiB;
 * `stderrBytes` is how much there was) are there where they are known.
 *
 * @example
 * ```ts
 * import type { Failed } from "@tether/agent/TurnEvent"
 *
 * const line = (failed: Failed) => `${failed.kind._tag}: ${failed.stderr}`
 * ```
 */
export interface Failed extends Schema.Schema.Type<typeof Failed> {}

/**
 * The schema of the type of the same name.
 *
 * @example
 * ```ts
 * import { Failed } from "@tether/agent/TurnEvent"
 * import * as Schema from "effect/Schema"
 *
 * const isFailed = Schema.is(Failed)
 * ```
 */
export const Failed = Schema.TaggedStruct("Failed", { ...end, kind: FailureKind })

/**
 * The turn is over, because its owner asked for that before its process had ended.
 *
 * @example
 * ```ts
 * import type { Cancelled } from "@tether/agent/TurnEvent"
 *
 * const partial = (cancelled: Cancelled) => cancelled.result?.text
 * ```
 */
export interface Cancelled extends Schema.Schema.Type<typeof Cancelled> {}

/**
 * The schema of the type of the same name.
 *
 * @example
 * ```ts
 * import { Cancelled } from "@tether/agent/TurnEvent"
 * import * as Schema from "effect/Schema"
 *
 * const isCancelled = Schema.is(Cancelled)
 * ```
 */
export const Cancelled = Schema.TaggedStruct("Cancelled", end)

/**
 * The last event of a turn: there is exactly one.
 *
 * @example
 * ```ts
 * import type { Terminal } from "@tether/agent/TurnEvent"
 *
 * const isWell = (terminal: Terminal) => terminal._tag === "Completed"
 * ```
 */
export const Terminal = Schema.Union(Completed, Failed, Cancelled)

/**
 * The type of {@link Terminal}.
 *
 * @example
 * ```ts
 * import type { Terminal } from "@tether/agent/TurnEvent"
 *
 * const code = (terminal: Terminal) => terminal.exitCode
 * ```
 */
export type Terminal = typeof Terminal.Type

/**
 * Everything that a turn's stream gives.
 *
 * @example
 * ```ts
 * import { TurnEvent } from "@tether/agent/TurnEvent"
 * import * as Schema from "effect/Schema"
 *
 * const toJson = Schema.encodeSync(Schema.parseJson(TurnEvent))
 * ```
 */
export const TurnEvent = Schema.Union(
  SessionBound,
  Message,
  Delta,
  Stderr,
  Notice,
  PermissionAsked,
  Usage,
  Completed,
  Failed,
  Cancelled
)

/**
 * The type of {@link TurnEvent}.
 *
 * @example
 * ```ts
 * import type { TurnEvent } from "@tether/agent/TurnEvent"
 *
 * const isText = (event: TurnEvent) => event._tag === "Delta" && event.kind === "Text"
 * ```
 */
export type TurnEvent = typeof TurnEvent.Type

/**
 * Whether an event is the last one of its turn.
 *
 * @example
 * ```ts
 * import * as TurnEvent from "@tether/agent/TurnEvent"
 * import * as Stream from "effect/Stream"
 *
 * const endOf = <E, R>(events: Stream.Stream<TurnEvent.TurnEvent, E, R>) =>
 *   Stream.runLast(Stream.filter(events, TurnEvent.isTerminal))
 * ```
 */
export const isTerminal = (event: TurnEvent): event is Terminal =>
  event._tag === "Completed" || event._tag === "Failed" || event._tag === "Cancelled"

/**
 * How a turn ended, in one line, for people.
 *
 * @example
 * ```ts
 * import * as TurnEvent from "@tether/agent/TurnEvent"
 *
 * const show = (terminal: TurnEvent.Terminal) => console.error(TurnEvent.format(terminal))
 * ```
 */
export const format = (terminal: Terminal): string => {
  const stuck = terminal.stuck ? ", and its process did not end by itself" : ""
  if (terminal._tag === "Completed") return `completed${stuck}`
  if (terminal._tag === "Cancelled") return "cancelled"
  return `failed: ${problemOf(terminal)}${stuck}`
}

const problemOf = ({ kind, result, stderr }: Failed): string => {
  const said = result?.text === undefined || result.text === "" ? "" : `: ${firstLine(result.text)}`
  const words = lastLine(stderr) === "" ? "" : `: ${lastLine(stderr)}`
  switch (kind._tag) {
    case "Timeout":
      return { startup: "nothing came from it", idle: "nothing came from it for too long", total: "it took too long" }[
        kind.phase
      ]
    case "Signal":
      return `${kind.name} ended it${words}`
    case "Result":
      return `the agent ended with ${kind.subtype}${said}`
    case "StuckAfterResult":
      return "it gave its result"
    case "Exit":
      return `exit code ${kind.code}${words}`
    case "Protocol":
      return kind.problem
    case "NoResult":
      return `it gave no result${words}`
  }
}

const firstLine = (text: string): string => text.trim().split("\n", 1)[0] ?? ""
const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? ""
