/**
 * What a command that only asks and tells has to say.
 */
import * as Effect from "effect/Effect"
import type { Outlets } from "./outlets.js"

export interface Answer {
  /** For stdout. */
  readonly lines: ReadonlyArray<string>
  /** For a person, on stderr. */
  readonly told?: string | undefined
  readonly code: number
}

/** Writes it, and answers with the exit code once all of it has been taken. */
export const give = (outlets: Outlets, { code, lines, told }: Answer): Effect.Effect<number> =>
  Effect.gen(function* () {
    for (const line of lines) outlets.out.push(line)
    if (told !== undefined) outlets.say(told)
    return yield* concluded(outlets, code)
  })

/**
 * The exit code, once all that was written has been taken: another one where lines were lost that somebody wanted,
 * after `tell` has said why.
 */
export const concluded = (
  outlets: Outlets,
  code: number,
  tell: (problem: string) => void = (problem) => outlets.say(problem)
): Effect.Effect<number> =>
  Effect.gen(function* () {
    yield* outlets.settled
    if (outlets.problem === undefined) return code
    tell(outlets.problem)
    yield* outlets.settled
    return Math.max(1, code)
  })
