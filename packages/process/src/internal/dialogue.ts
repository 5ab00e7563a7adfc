/**
 * Questions to a child and their answers: a line to its stdin, and what it says on stdout from then on.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Lagged, OutputLine } from "../Child.js"
import type { ChildInput } from "../ChildInput.js"
import { IncompleteOutputError } from "../IncompleteOutputError.js"
import { InputError } from "../InputError.js"
import type { ProcessFailed } from "../ProcessFailed.js"
import type { Hub, Subscription } from "./hub.js"
import type { Plan } from "./plan.js"
import type { Race } from "./race.js"
import { subscribeStdout } from "./reading.js"
import { stackless } from "./stackless.js"
import { clip } from "./text.js"

/** How many characters an answer may have: a child that floods us is not answering. A line costs more than its text. */
const longest = 1024 * 1024
const lineCost = 32

/** Asks one question at a time: the lines of two answers would not be told apart. */
export const makeAsk = (hub: Hub, race: Race, label: string, stdin: () => ChildInput, { redactor, streams }: Plan) => {
  // Not a failure of its own, because nothing that the child does could mend it.
  const unheard = Effect.dieSync(() => new Error(`cannot ask "${clip(label)}": needs stdout: "lines", and it is not`))
  const turns = Effect.unsafeMakeSemaphore(1)
  const noAnswer = Effect.suspend(() =>
    Effect.fail(stackless(new InputError({ reason: "NoAnswer", label, descriptor: 0, code: undefined })))
  )
  const incomplete = (lines: ReadonlyArray<OutputLine>, missing: number) =>
    Effect.fail(
      stackless(
        new IncompleteOutputError({
          label,
          reason: "LongLine",
          missing,
          kept: redactor.redactCut(lines.map(({ text }) => text).join("\n"))
        })
      )
    )
  const answer = (from: Subscription, until: (line: OutputLine) => boolean) =>
    Effect.suspend(() => {
      const lines: Array<OutputLine> = []
      let length = 0
      const more: Effect.Effect<ReadonlyArray<OutputLine>, InputError | IncompleteOutputError> = Effect.matchEffect(
        from.take,
        {
          onFailure: Option.match({ onNone: () => noAnswer, onSome: (never) => never }),
          onSuccess: (items) => {
            for (const line of items as Iterable<OutputLine | Lagged>) {
              if (line._tag === "Lagged") continue
              lines.push(line)
              length += line.text.length + lineCost
              // It may be the last one, which could no longer be told.
              if (line.truncatedBytes > 0) return incomplete(lines, line.truncatedBytes)
              if (until(line)) return Effect.succeed(lines)
            }
            return length > longest ? noAnswer : more
          }
        }
      )
      return more
    })
  return (
    line: string,
    until: (line: OutputLine) => boolean
  ): Effect.Effect<ReadonlyArray<OutputLine>, InputError | IncompleteOutputError | ProcessFailed> =>
    streams.get("stdout")?.as !== "lines"
      ? unheard
      : Effect.flatMap(subscribeStdout(hub), (from) =>
          // At the same time: a child may have much to say before it reads on.
          Effect.zipRight(stdin().write(`${line}\n`), answer(from, until), { concurrent: true })
        ).pipe(
          Effect.scoped,
          Effect.catchAll((error) => race.unlessDead(Effect.fail(error))),
          turns.withPermits(1)
        )
}
