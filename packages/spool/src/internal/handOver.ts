/**
 * One record to a handler, and its answer, whatever the handler does.
 */
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
  if (Either.isLeft(parsed)) {
    return Effect.succeed({ answer: Answer.failed(`record ${position}: ${parsed.left}`), isMalformed: true })
  }
  const record = parsed.right
  const key = setting.keyOf(record, { file: name, position })
  const { patience } = setting
  return Effect.suspend(() => handle({ record, key, file: name, position, header })).pipe(
    // One that hangs must not hold up the others, even if it does not hear of it.
    Effect.disconnect,
    Effect.timeoutTo({
      duration: patience,
      onSuccess: (answer) => answer,
      onTimeout: () => Answer.failed(`no answer within ${Duration.format(patience)}`)
    }),
    Effect.catchAllCause((cause) => Effect.succeed(Answer.failed(Cause.prettyErrors(cause)[0]?.message ?? "it was interrupted"))),
    Effect.map((answer) => ({ answer, isMalformed: false }))
  )
}
