/**
 * The turns of a transcript that is captured as a whole.
 */
import * as Effect from "effect/Effect"
import * as Transcript from "../Transcript.js"
import { leftOut } from "./live.js"

interface Asked extends Transcript.Options {
  readonly transcript: string
}

/** A transcript that is not there has no turns, and that is told. */
export const turnsOf = ({ lastAnswer, maxTurns, transcript }: Asked) =>
  Transcript.read(transcript, { maxTurns, lastAnswer }).pipe(
    Effect.map(({ turns, undecodable, unknown }) => ({ turns, undecodable, told: leftOut(unknown) })),
    Effect.catchIf(
      (error) => error.reason === "NotFound",
      () => Effect.succeed({ turns: [], undecodable: 0, told: { missing: true as const } })
    )
  )
