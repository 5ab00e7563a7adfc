/**
 * What the program writes into a conversation in the user's name.
 */
import type { Block } from "../TurnEvent.js"

const beginnings = ["[Request interrupted by user", "<local-command-stdout>", "<local-command-stderr>"]

/** That a turn was interrupted, or what a command printed that no model has seen: the agent is asked nothing by it. */
export const isProgramNote = (blocks: ReadonlyArray<Block>): boolean => {
  const text = blocks.find((block) => block._tag === "Text")?.text.trimStart()
  return text !== undefined && beginnings.some((beginning) => text.startsWith(beginning))
}
