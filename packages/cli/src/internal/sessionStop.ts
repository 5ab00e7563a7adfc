/**
 * `tether session stop`: ends a session on purpose.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as ExitStatus from "@tether/process/ExitStatus"
import * as StopPlan from "@tether/process/StopPlan"
import type { SessionEnd } from "@tether/tmux/TmuxSession"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Answer } from "./answer.js"
import type { Outlets } from "./outlets.js"
import { answered, sessionOf, tmux } from "./sessionHost.js"
import type { StopWords } from "./sessionWords.js"

export const stop = ({ grace, name, reason }: StopWords, server: string | undefined, outlets: Outlets) =>
  answered(
    outlets,
    Effect.gen(function* () {
      const session = yield* sessionOf(name)
      return {
        lines: [endedText(name, yield* session.stop({ plan: planOf(grace), reason }))],
        code: 0
      } satisfies Answer
    }).pipe(Effect.provide(tmux(server)))
  )

const planOf = (grace: Duration.Duration | undefined): StopPlan.StopPlan | undefined => {
  if (grace === undefined) return undefined
  if (Duration.toMillis(grace) === 0) return StopPlan.kill
  return StopPlan.make(StopPlan.signal("SIGHUP", Duration.min(grace, "1 second")), StopPlan.signal("SIGTERM", grace))
}

export const endedText = (name: string, { status }: SessionEnd): string =>
  `"${TerminalText.sanitize(name)}" ${status === undefined ? "has ended, and nobody knows how" : ExitStatus.format(status)}`
