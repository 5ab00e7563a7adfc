/**
 * What a line of a transcript says.
 */
import type { Block } from "./Block.js"

interface Said {
  readonly blocks: ReadonlyArray<Block>
  /** Tells it from all others of its session, wherever the line stands. Undefined where the line has no id. */
  readonly identity: string | undefined
  /** When it was said, in milliseconds since the epoch. */
  readonly at: number | undefined
}

/**
 * The user has said something.
 *
 * @example
 * ```ts
 * import type { Prompt } from "@tether/transcript/Entry"
 *
 * const isFirst = ({ at = 0 }: Prompt, since: number) => at >= since
 * ```
 */
export interface Prompt extends Said {
  readonly _tag: "Prompt"
}

/**
 * The agent has said something, or calls a tool. `answers` is the identity of what it answers: of the last prompt, or
 * of what made the agent begin a turn by itself. `messageId` is of the message that it is a part of, and `place` the
 * part's number in it, if the line tells; `stopReason` is why the whole message stopped, once that is known.
 *
 * @example
 * ```ts
 * import type { Answer } from "@tether/transcript/Entry"
 *
 * const isLast = ({ stopReason }: Answer) => stopReason === "end_turn"
 * ```
 */
export interface Answer extends Said {
  readonly _tag: "Answer"
  readonly answers: string | undefined
  readonly messageId: string | undefined
  readonly place: number | undefined
  readonly stopReason: string | undefined
}

/**
 * The results of tools, which are put into the user's mouth.
 *
 * @example
 * ```ts
 * import type { Results } from "@tether/transcript/Entry"
 *
 * const count = ({ blocks }: Results) => blocks.length
 * ```
 */
export interface Results extends Said {
  readonly _tag: "Results"
}

/**
 * Nothing was said, and still the agent has begun a turn by itself, or a turn was ended without an answer: it was
 * interrupted, or the model could not be asked.
 *
 * @example
 * ```ts
 * import type { Work } from "@tether/transcript/Entry"
 *
 * const state = ({ isOver }: Work) => (isOver ? "idle" : "working")
 * ```
 */
export interface Work {
  readonly _tag: "Work"
  readonly isOver: boolean
  readonly identity: string | undefined
  readonly at: number | undefined
}

/**
 * Any of them.
 *
 * @example
 * ```ts
 * import type { Entry } from "@tether/transcript/Entry"
 *
 * const isPrompt = ({ _tag }: Entry) => _tag === "Prompt"
 * ```
 */
export type Entry = Prompt | Answer | Results | Work
