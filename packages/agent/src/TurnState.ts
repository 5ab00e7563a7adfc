/**
 * Whether an agent is at work, as far as its conversation tells.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Entry, Transcript } from "./Transcript.js"

/**
 * `working`: a turn runs. `idle`: the last turn is over. `unknown`: nothing tells, or not any more.
 *
 * @example
 * ```ts
 * import type { TurnState } from "@tether/agent/TurnState"
 *
 * const icon: Record<TurnState, string> = { working: "…", idle: "✓", unknown: "?" }
 * ```
 */
export type TurnState = "working" | "idle" | "unknown"

/**
 * For so long a conversation that does not change is believed: 10 minutes.
 *
 * @example
 * ```ts
 * import * as TurnState from "@tether/agent/TurnState"
 * import * as Duration from "effect/Duration"
 *
 * const text = Duration.format(TurnState.believedFor) // 10m
 * ```
 */
export const believedFor: Duration.Duration = Duration.minutes(10)

/**
 * The state at a time, in milliseconds since the epoch. The first rule that fits decides:
 *
 * 1. A conversation without messages is `unknown`.
 * 2. One whose last message came 10 minutes ago or earlier is `unknown`, whatever it says: its agent may have died, and
 *    a tool may work for hours. The time is that of the last message; a file without times has that of its last change.
 *    The same for one that is 10 minutes ahead: clocks are set.
 *    A live conversation has none, and is never too old: its turn is sure to end with a terminal event.
 * 3. A live conversation is `idle` after its terminal event, and `working` before it.
 * 4. A stored one whose last message is the user's, a prompt or the result of a tool, is `working`; but it is `idle`
 *    where the program wrote that message itself: that the turn was interrupted, or what a local command printed.
 * 5. Is the last message the assistant's, its `stop_reason` decides: `tool_use` and `pause_turn` are `working`, any
 *    other is `idle`.
 * 6. Where it has none, a conversation is `working` while a tool that its last message calls has no result, or while
 *    that message is `Streaming`. Otherwise it is `idle`.
 *
 * What belongs to sub-agents, is marked as meta or as the summary of a compaction, and all that is no message, is not
 * in a transcript, and so is not the last message.
 *
 * @example
 * ```ts
 * import * as Transcript from "@tether/agent/Transcript"
 * import * as TurnState from "@tether/agent/TurnState"
 *
 * const state = TurnState.at(Transcript.asked("say hi"), Date.now()) // "working"
 * ```
 */
export const at = ({ changedAt, entries, isOver }: Transcript, now: number): TurnState => {
  const last = entries.at(-1)
  if (last === undefined || (changedAt !== undefined && Math.abs(now - changedAt) >= Duration.toMillis(believedFor)))
    return "unknown"
  return (isOver ?? !isUnfinished(entries, last)) ? "idle" : "working"
}

/**
 * The state now: see {@link at} for the rules.
 *
 * @example
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as Transcript from "@tether/agent/Transcript"
 * import * as TurnState from "@tether/agent/TurnState"
 * import * as Effect from "effect/Effect"
 *
 * const stateOf = (path: string) =>
 *   Transcript.read(path).pipe(
 *     Effect.flatMap(({ transcript }) => TurnState.of(transcript)),
 *     Effect.provide(NodeFileSystem.layer)
 *   )
 * ```
 */
export const of = (transcript: Transcript): Effect.Effect<TurnState> =>
  Effect.map(Clock.currentTimeMillis, (now) => at(transcript, now))

const isUnfinished = (entries: ReadonlyArray<Entry>, last: Entry): boolean => {
  if (last.status === "Streaming") return true
  // Not simply the last: a message keeps its place when it goes on after the results of its first tools.
  const place = entries.findLastIndex(({ role }) => role === "assistant")
  const blocks = entries.slice(Math.max(0, place)).flatMap((entry) => entry.blocks)
  const answered = new Set(blocks.flatMap((block) => (block._tag === "ToolResult" ? [block.toolUseId] : [])))
  return blocks.some((block) => block._tag === "ToolUse" && !answered.has(block.id))
}
