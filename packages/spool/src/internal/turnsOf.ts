/**
 * The turns of a transcript that is captured as a whole.
 */
import * as Effect from "effect/Effect"
import type { Request } from "../Capture.js"
import * as Transcript from "../Transcript.js"
import { leftOut } from "./live.js"

/** A transcript that is not there has no turns, and that is told. */
export const turnsOf = ({
  lastAnswer,
  maxTurns,
  transcript
}: Pick<Request, "lastAnswer" | "maxTurns" | "transcript">) =>
  Transcript.read(transcript, { maxTurns, lastAnswer }).pipe(
    Effect.map(({ turns, undecodable, unknown }) => ({ turns, undecodable, told: leftOut(unknown) })),
    Effect.catchIf(
      (error) => error.reason === "NotFound",
      () => Effect.succeed({ turns: [], undecodable: 0, told: { missing: true as const } })
    )
  )
