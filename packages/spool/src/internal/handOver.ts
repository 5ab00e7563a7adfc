/**
 * One record to a handler, and its answer, whatever the handler does.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Answer from "../Answer.js"
import { type Header, maxLineBytes } from "./format.js"
import type { Item, Setting } from "./setting.js"

interface Given {
  /** Of the file that it comes from. */
  readonly name: string
  readonly header: Header
  /** Undefined where the line is too long. */
  readonly text: string | undefined
  readonly position: number
}

interface Answered {
  readonly answer: Answer.Answer
  /** It is no record, and no handler got it. */
  readonly isMalformed: boolean
}

export const handOver = <A, R>(
  setting: Setting<A>,
  handle: (item: Item<A>) => Effect.Effect<Answer.Answer, unknown, R>,
  { header, name, position, text }: Given
): Effect.Effect<Answered, never, R> => {
  const parsed = text === undefined ? Either.left(`it is longer than ${maxLineBytes} bytes`) : setting.parse(text)
  const known = Either.flatMap(parsed, (record) =>
    Either.try({
      try: () => ({ record, key: setting.keyOf(record, { file: name, position }) }),
      catch: () => "it has no key: `keyOf` throws"
    })
  )
  if (Either.isLeft(known)) return Effect.succeed({ answer: Answer.failed(known.left), isMalformed: true })
  const { key, record } = known.right
  return Effect.map(
    ask(() => handle({ record, key, file: name, position, header }), setting.patience),
    (answer) => ({
      answer,
      isMalformed: false
    })
  )
}

/** The answer of a handler, whatever it does: handlers are written by others, and not all of them in TypeScript. */
export const ask = <R>(
  handle: () => Effect.Effect<Answer.Answer, unknown, R>,
  patience: Duration.Duration
): Effect.Effect<Answer.Answer, never, R> =>
  Effect.suspend(() => {
    const answer: unknown = handle()
    if (Effect.isEffect(answer)) return answer as ReturnType<typeof handle>
    const what = answer instanceof Promise ? "a Promise" : "something else"
    return Effect.succeed(
      Answer.failed(`the handler returned ${what} and not an Effect: Effect.promise makes one of a Promise`)
    )
  }).pipe(
    Effect.map((answer: unknown) =>
      isAnswer(answer) ? answer : Answer.failed("the handler returned an invalid answer")
    ),
    // One that hangs must not hold up the others, even if it does not hear of it.
    Effect.disconnect,
    Effect.raceFirst(
      Effect.map(ActiveTime.sleep(patience), () => Answer.failed(`no answer within ${Duration.format(patience)}`))
    ),
    Effect.catchAllCause((cause) =>
      Effect.succeed(Answer.failed(Cause.prettyErrors(cause)[0]?.message ?? "it was interrupted"))
    )
  )

const isAnswer = (value: unknown): value is Answer.Answer => {
  if (typeof value !== "object" || value === null || !("_tag" in value)) return false
  switch (value._tag) {
    case "Done":
      return "isKnown" in value && typeof value.isKnown === "boolean"
    case "Skipped":
      return "reason" in value && typeof value.reason === "string"
    case "Failed":
      return "error" in value && typeof value.error === "string"
    default:
      return false
  }
}
