/**
 * A conversation with an agent, from the events of its turns or from the file in which it was stored: both give the
 * same.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import * as Effect from "effect/Effect"
import { Conversation, type Transcript } from "./internal/conversation.js"
import { eachLine } from "./internal/sessionFile.js"
import { type Stored, StoredSession } from "./internal/storedSession.js"
import { isTerminal, type TurnEvent } from "./TurnEvent.js"

export type { Entry, Transcript } from "./internal/conversation.js"
export type { Stored } from "./internal/storedSession.js"

/**
 * A conversation that has not begun.
 *
 * @example
 * ```ts
 * import * as Transcript from "@tether/agent/Transcript"
 * import * as Stream from "effect/Stream"
 * import type { TurnEvent } from "@tether/agent/TurnEvent"
 *
 * const views = <E, R>(events: Stream.Stream<TurnEvent, E, R>) =>
 *   Stream.scan(events, Transcript.empty, Transcript.step)
 * ```
 */
export const empty: Transcript = { entries: [], isOver: undefined, changedAt: undefined }

/**
 * The conversation once the user has said this, which no event of the turn repeats. An empty prompt is no message.
 *
 * @example
 * ```ts
 * import * as Transcript from "@tether/agent/Transcript"
 *
 * const first = Transcript.asked("what is in notes.txt?")
 * const second = Transcript.asked("and in the other one?", first)
 * ```
 */
export const asked = (prompt: string, before: Transcript = empty): Transcript => {
  const conversation = new Conversation(before)
  conversation.ask(prompt)
  return conversation.transcript
}

/**
 * The conversation after an event. A message takes the place of the one with its id, or comes last. A terminal event
 * ends the turn, and leaves alone what is still `Streaming`. Nothing else changes anything: what a `Delta` brings is in
 * a message when it is whole.
 *
 * @example
 * ```ts
 * import * as Transcript from "@tether/agent/Transcript"
 *
 * const hello = Transcript.step(Transcript.asked("say hi"), {
 *   _tag: "Message",
 *   id: "msg_1",
 *   role: "assistant",
 *   status: "Complete",
 *   blocks: [{ _tag: "Text", text: "hi" }]
 * })
 * ```
 */
export const step = (transcript: Transcript, event: TurnEvent): Transcript =>
  event._tag === "Message" || isTerminal(event) ? reduce([event], undefined, transcript) : transcript

/**
 * The conversation after a turn: what was asked, and all that came of it. It is `step` for each event, in less time.
 * `before` is the conversation that the turn goes on with.
 *
 * @example
 * ```ts
 * import * as Transcript from "@tether/agent/Transcript"
 * import type { TurnEvent } from "@tether/agent/TurnEvent"
 *
 * const answers = (events: ReadonlyArray<TurnEvent>) =>
 *   Transcript.reduce(events, "say hi").entries.filter(({ role }) => role === "assistant")
 * ```
 */
export const reduce = (events: Iterable<TurnEvent>, prompt?: string, before: Transcript = empty): Transcript => {
  const conversation = new Conversation(before)
  if (prompt !== undefined) conversation.ask(prompt)
  for (const event of events) conversation.add(event)
  return conversation.transcript
}

/**
 * The conversation in the lines of a session file of Claude Code, in their order. What belongs to a sub-agent, or was
 * put there by the program, is no part of it, and neither are lines that cannot be understood: those are counted.
 *
 * `sessionId` and `cwd` are the first that a line tells. Entries with the same message id are one message, as in the
 * live stream.
 *
 * @example
 * ```ts
 * import * as Transcript from "@tether/agent/Transcript"
 *
 * const { cwd, transcript } = Transcript.ofLines([
 *   `{"type":"user","cwd":"/home/dev/project","message":{"role":"user","content":"say hi"}}`
 * ])
 * ```
 */
export const ofLines = (lines: Iterable<string>): Stored => {
  const session = new StoredSession()
  for (const line of lines) session.line(line)
  return session.end(undefined)
}

/**
 * The same for a file, which is read bit by bit: what is held in memory is the conversation, and one line. A line of
 * more than 64 MiB is malformed, and so is a last one that is not written to its end yet.
 *
 * @example
 * ```ts
 * import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
 * import * as Transcript from "@tether/agent/Transcript"
 * import * as Effect from "effect/Effect"
 *
 * const count = Transcript.read(
 *   "/home/dev/.claude/projects/-home-dev-project/11111111-2222-4333-8444-555555555555.jsonl"
 * ).pipe(
 *   Effect.map(({ transcript }) => transcript.entries.length),
 *   Effect.provide(NodeFileSystem.layer)
 * )
 * ```
 */
export const read = (path: string): Effect.Effect<Stored, FileError, FileSystem.FileSystem> =>
  Effect.suspend(() => {
    const session = new StoredSession()
    return Effect.map(
      eachLine(path, (line) => session.line(line)),
      (changedAt) => session.end(changedAt)
    )
  })
