/**
 * What an agent's program must tell of itself so that its turns can be driven: how it is called, and what its lines
 * mean.
 */
import { parseObject } from "@tether/transcript/Json"
import type { Delta, Message, Notice, PermissionAsked, Result, SessionBound, Usage } from "./TurnEvent.js"

/**
 * How much the agent may do without asking, in the words of Claude Code; each adapter says what they mean to its
 * program.
 *
 * @example
 * ```ts
 * import type { PermissionMode } from "@tether/agent/AgentAdapter"
 *
 * const careful: PermissionMode = "plan"
 * ```
 */
export type PermissionMode = "auto" | "acceptEdits" | "bypassPermissions" | "plan" | "default" | "dontAsk"

/**
 * What an adapter is told of a turn.
 *
 * - `turnId`: names the turn. `cwd`: where the agent works: an absolute path.
 * - `prompt`: what it is asked. It is treated as a secret: no label, log, span or journal has it.
 * - `permissionMode`: default `"default"`.
 * - `resumeSessionId`: the session to go on with. `newSessionId`: the id that a new one is to have. The first wins.
 * - `args`: more words for its command line, which the adapter puts where options may stand.
 *
 * @example
 * ```ts
 * import type { Prompt } from "@tether/agent/AgentAdapter"
 *
 * const prompt: Prompt = { turnId: "1", cwd: "/home/dev/project", prompt: "what is in notes.txt?" }
 * ```
 */
export interface Prompt {
  readonly turnId: string
  readonly cwd: string
  readonly prompt: string
  readonly permissionMode?: PermissionMode | undefined
  readonly resumeSessionId?: string | undefined
  readonly newSessionId?: string | undefined
  readonly args?: ReadonlyArray<string> | undefined
}

/**
 * How the program is called for one turn: its arguments, what it reads (nothing, or a text and then the end of input),
 * and what is wrong with what was asked for, if anything is: then nothing is started.
 *
 * @example
 * ```ts
 * import type { Invocation } from "@tether/agent/AgentAdapter"
 *
 * const invocation: Invocation = { args: ["--json", "--", "what is in notes.txt?"], stdin: "null", problems: [] }
 * ```
 */
export interface Invocation {
  readonly args: ReadonlyArray<string>
  readonly stdin: "null" | { readonly text: string }
  readonly problems: ReadonlyArray<string>
}

/**
 * The agent has begun to work. `promptIds` are those of the prompts on which, by the ids that `Dialogue.user` was
 * given; an agent that names none leaves it out.
 *
 * @example
 * ```ts
 * import type { Begun } from "@tether/agent/AgentAdapter"
 *
 * const begun: Begun = { _tag: "Begun", promptIds: ["7"] }
 * ```
 */
export interface Begun {
  readonly _tag: "Begun"
  readonly promptIds?: ReadonlyArray<string> | undefined
}

/**
 * The agent has ended its turn, and this is what it says of it. Its process may go on for a while. In a session,
 * `promptIds` are those of the prompts that are answered by it, and `isOwn` says that the agent had begun that turn by
 * itself. An agent that says neither leaves them out.
 *
 * @example
 * ```ts
 * import type { Ended } from "@tether/agent/AgentAdapter"
 *
 * const ended: Ended = { _tag: "Ended", result: { subtype: "success", isError: false, text: "done" } }
 * ```
 */
export interface Ended {
  readonly _tag: "Ended"
  readonly result: Result
  readonly promptIds?: ReadonlyArray<string> | undefined
  readonly isOwn?: boolean | undefined
}

/**
 * What a line may mean. What is said twice of the session is passed on once; `count` of a notice is counted by the
 * turn; usage is that of one turn, or of one of several results in it. In a session, `Begun` and `Ended` tell a turn
 * that was asked for from one that the agent begins by itself.
 *
 * @example
 * ```ts
 * import type { Said } from "@tether/agent/AgentAdapter"
 *
 * const said: ReadonlyArray<Said> = [{ _tag: "SessionBound", sessionId: "42" }]
 * ```
 */
export type Said = SessionBound | Message | Delta | Omit<Notice, "count"> | PermissionAsked | Usage | Begun | Ended

/**
 * Reads the lines of one turn, in order: there is a new one for each. `end` is asked once no more lines come.
 *
 * @example
 * ```ts
 * import type { Decoder } from "@tether/agent/AgentAdapter"
 *
 * const silent: Decoder = { line: () => [], end: () => [] }
 * ```
 */
export interface Decoder {
  readonly line: (line: string) => ReadonlyArray<Said>
  readonly end: () => ReadonlyArray<Said>
}

/**
 * How one process serves turn after turn, where a program can do that: its arguments, and what is written to it. `user`
 * is given an id for each prompt, a UUID, by which the program may say what it works on: see {@link Begun}. `interrupt`
 * ends the turn and not the process; `permit` answers a `PermissionAsked`.
 *
 * @example
 * ```ts
 * import type { Dialogue } from "@tether/agent/AgentAdapter"
 *
 * const plain: Dialogue = {
 *   args: () => ["--serve"],
 *   user: (prompt) => JSON.stringify({ prompt }),
 *   interrupt: undefined,
 *   permit: (requestId, decision) => JSON.stringify({ requestId, allow: decision.behavior === "allow" })
 * }
 * ```
 */
export interface Dialogue {
  readonly args: (prompt: Omit<Prompt, "prompt" | "turnId">, asksPermission: boolean) => ReadonlyArray<string>
  readonly user: (prompt: string, promptId: string) => string
  readonly interrupt: ((requestId: string) => string) | undefined
  readonly permit: (requestId: string, decision: Decision) => string
}

/**
 * Whether a tool may be used: with this input, which may be another than the one it was asked for with, or not, and
 * why.
 *
 * @example
 * ```ts
 * import type { Decision } from "@tether/agent/AgentAdapter"
 *
 * const no: Decision = { behavior: "deny", message: "not in this directory" }
 * ```
 */
export type Decision =
  | { readonly behavior: "allow"; readonly input: unknown }
  | { readonly behavior: "deny"; readonly message: string }

/**
 * A kind of agent: `name` is for people and labels, `binary` is its program where no other is named, `invocation` and
 * `decoder` are the two halves of a turn, and `dialogue` is how a process of it stays, if it can.
 *
 * @example
 * ```ts
 * import * as AgentAdapter from "@tether/agent/AgentAdapter"
 *
 * const parrot: AgentAdapter.AgentAdapter = {
 *   name: "parrot",
 *   binary: "parrot",
 *   invocation: ({ prompt }) => ({ args: [], stdin: { text: prompt }, problems: [] }),
 *   decoder: () =>
 *     AgentAdapter.jsonLines((line) =>
 *       line["type"] === "bye" ? [{ _tag: "Ended", result: { subtype: "success", isError: false } }] : [])
 * }
 * ```
 */
export interface AgentAdapter {
  readonly name: string
  readonly binary: string
  readonly invocation: (prompt: Prompt) => Invocation
  readonly decoder: (prompt: Prompt) => Decoder
  readonly dialogue?: Dialogue | undefined
}

/**
 * A decoder of lines that are JSON objects: each is parsed and given to `said`. Empty lines are skipped, and what is no
 * JSON object is a notice.
 *
 * @example
 * ```ts
 * import * as AgentAdapter from "@tether/agent/AgentAdapter"
 *
 * const decoder = AgentAdapter.jsonLines((line) =>
 *   line["type"] === "hello" ? [{ _tag: "SessionBound", sessionId: "1" }] : []
 * )
 * ```
 */
export const jsonLines = (
  said: (line: Readonly<Record<string, unknown>>) => ReadonlyArray<Said>,
  end: () => ReadonlyArray<Said> = () => []
): Decoder => ({
  end,
  line: (line) => {
    const value = parseObject(line)
    if (value === undefined) return line.trim() === "" ? [] : [{ _tag: "Notice", kind: "malformed", text: line }]
    return said(value)
  }
})
