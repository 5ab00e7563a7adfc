/**
 * How an agent's process is run, whatever it is for.
 */
import type { ChildOptions } from "@tether/process/ChildOptions"
import * as StopPlan from "@tether/process/StopPlan"
import type { ProcessOptions } from "./request.js"

/** SIGINT is what a person would do: the agent may end its turn, and say so. */
export const defaultStop = StopPlan.make(
  StopPlan.signal("SIGINT", "3 seconds"),
  StopPlan.signal("SIGTERM", "3 seconds")
)

/** What a shell has put in the background does not hear SIGINT. */
export const leftoverStop = StopPlan.make(StopPlan.signal("SIGTERM", "3 seconds"))

/** A line holds a whole message, and a tool may have read a file into it. */
const defaultMaxLineBytes = 16 * 1024 * 1024

/** Of stderr, so much is kept for the end. */
const stderrTail = 8 * 1024

/** A program that the agent runs at the end of a turn, as codex does for `notify`, has so long to get through. */
const defaultLeftoverGrace = "2 seconds"

export const processOptions = (
  {
    cwd,
    env,
    leftoverGrace = defaultLeftoverGrace,
    maxLineBytes = defaultMaxLineBytes
  }: ProcessOptions & { readonly cwd: string },
  stop: StopPlan.StopPlan
): ChildOptions => ({ cwd, env, stop, leftoverGrace, maxLineBytes, check: false, tailBytes: stderrTail })

/** What is as short as this is found in any word, and tells nothing. */
const shortestSecret = 4

export const secretsIn = (prompt: string): ReadonlyArray<string> => (prompt.length < shortestSecret ? [] : [prompt])
