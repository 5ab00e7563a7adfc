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
 * Waits until the readers took all output, and returns the exit code. If lines were lost, `tell` gets the reason, and
 * the code is another one.
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
