/**
 * `tether session send`: a text, or keys, for a session.
 */
import * as DidYouMean from "@tether/host/DidYouMean"
import { DeliveryFailed } from "@tether/tmux/DeliveryFailed"
import * as Keys from "@tether/tmux/Keys"
import * as Effect from "effect/Effect"
import type { Answer } from "./answer.js"
import type { Outlets } from "./outlets.js"
import { answered, endedBySignals, sessionOf, tmux, Unusable } from "./sessionHost.js"
import type { SendWords } from "./sessionWords.js"

export const send = ({ keys, name, noSubmit, words }: SendWords, server: string | undefined, outlets: Outlets) =>
  answered(
    outlets,
    Effect.gen(function* () {
      const session = yield* sessionOf(name)
      if (keys) {
        const problem = problemOf(words ?? [])
        if (problem !== undefined) return { lines: [], told: problem, code: misused } satisfies Answer
        // What tmux says of a pane that has gone is about its number.
        if ((yield* session.liveness) === "gone") {
          return yield* new DeliveryFailed({
            reason: "Gone",
            identity: name,
            length: 0,
            problem: "the session has ended"
          })
        }
        yield* session.press(...(words ?? []))
      } else {
        const text = words?.join(" ") ?? (yield* stdinText)
        yield* endedBySignals(
          session.send(text, noSubmit ? { submit: [] } : {}),
          "interrupted, and nobody knows whether the text has arrived"
        )
      }
      return { lines: [], code: 0 } satisfies Answer
    }).pipe(Effect.provide(tmux(server)))
  )

/** tmux types the letters of what it does not know. */
const problemOf = (words: ReadonlyArray<string>): string | undefined => {
  const strange = words.filter((word) => !Keys.isKey(word))
  if (strange.length === 0) return undefined
  const shown = strange.map((word) => DidYouMean.quoted(word, Keys.names)).join(" ")
  return `tmux has no key ${shown}: it would type its letters. A text is sent without --keys`
}

const misused = 2

/** More than that is no text that anybody would paste. */
const mostBytes = 16 * 1024 * 1024

/** Without the newline that `echo` and editors put at its end: to submit it is a key, and no part of it. */
const stdinText: Effect.Effect<string, Unusable> = Effect.async<string, Unusable>((resume) => {
  const { stdin } = process
  const chunks: Array<Uint8Array> = []
  let bytes = 0
  const fail = (problem: string) => {
    stop()
    resume(new Unusable({ message: `the text on stdin cannot be taken: ${problem}` }))
  }
  const onData = (chunk: Uint8Array) => {
    bytes += chunk.length
    chunks.push(chunk)
    if (bytes > mostBytes) fail(`it has more than ${mostBytes} bytes`)
  }
  const onError = (error: Error) => fail(error.message)
  const onEnd = () => {
    stop()
    try {
      resume(
        Effect.succeed(
          new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks)).replace(/\r?\n$/, "")
        )
      )
    } catch {
      fail("it is no UTF-8")
    }
  }
  const stop = () => {
    stdin.off("data", onData).off("error", onError).off("end", onEnd)
    stdin.pause()
  }
  stdin.on("data", onData).on("error", onError).on("end", onEnd)
  return Effect.sync(stop)
})
