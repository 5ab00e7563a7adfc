import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"

/** The message of a defect. */
export const deathOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (!Exit.isFailure(exit) || !Cause.isDie(exit.cause)) throw new Error("it did not die")
  return Cause.pretty(exit.cause)
}
