/**
 * One connection: requests in, answers out, one after the other.
 */
import type * as Socket from "@effect/platform/Socket"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import type { Taken } from "../Spool.js"
import { type Header, maxLineBytes } from "./format.js"
import { LineSplitter } from "./lineSplitter.js"
import { answerLine, most, parseRequest } from "./protocol.js"

/** What is done for who asks. */
export interface Service<R> {
  readonly put: (header: Header, lines: ReadonlyArray<string>) => Effect.Effect<Taken, never, R>
  /** Asks for a pass, and does not wait for it. */
  readonly drain: Effect.Effect<void>
}

/** Whoever has begun a request and says nothing for so long is not waited for. */
const patience = Duration.seconds(30)

/** Why a connection is closed by us. */
interface Refusal {
  readonly _tag: "Refusal"
  readonly error: string
}

const refusal = (error: string): Refusal => ({ _tag: "Refusal", error })

export const converse = <R>(socket: Socket.Socket, service: Service<R>): Effect.Effect<void, never, R> =>
  Effect.scoped(Effect.gen(function*() {
    const write = yield* socket.writer
    const lines = yield* Mailbox.make<string | undefined, Refusal>()
    const splitter = new LineSplitter(maxLineBytes)
    let waiting = 0
    const read = socket.run((bytes) => {
      for (const { text } of splitter.take(bytes)) {
        waiting += text?.length ?? 0
        lines.unsafeOffer(text)
      }
      if (waiting + splitter.partial > most.bytes) lines.unsafeDone(Exit.fail(refusal("the request is too long")))
    })
    const take = Effect.tap(lines.take, (text) => Effect.sync(() => {
      waiting -= text?.length ?? 0
    }))
    const within = <A, E, R1>(effect: Effect.Effect<A, E, R1>) =>
      Effect.timeoutFail(effect, { duration: patience, onTimeout: () => refusal(`nothing came for ${Duration.format(patience)}`) })

    const answerOne = Effect.gen(function*() {
      const request = parseRequest(yield* take)
      // Whatever follows is no request either.
      if (Either.isLeft(request)) return yield* Effect.fail(refusal(request.left))
      const { id, op } = request.right
      switch (op) {
        case "ping":
          return yield* write(answerLine(id, { ok: true, pid: process.pid }))
        case "drain":
          yield* service.drain
          return yield* write(answerLine(id, { ok: true }))
        case "put": {
          const records = new Array<string>()
          while (records.length < request.right.records) {
            const text = yield* within(take)
            if (text === undefined) return yield* Effect.fail(refusal("a record is too long"))
            records.push(text)
          }
          return yield* write(answerLine(id, { ok: true, ...(yield* service.put(request.right.header, records)) }))
        }
      }
    })
    const answerAll = Effect.forever(answerOne).pipe(
      Effect.catchIf(
        (error): error is Refusal => error._tag === "Refusal",
        ({ error }) => write(answerLine(undefined, { ok: false, error }))
      )
    )
    /** A line that has begun and does not end keeps others from their place. */
    const watch = Effect.gen(function*() {
      let before = -1
      while (true) {
        yield* Effect.sleep(patience)
        if (splitter.partial > 0 && splitter.partial === before) return
        before = splitter.partial
      }
    })
    yield* Effect.raceFirst(Effect.raceFirst(read, watch), answerAll)
  })).pipe(
    // A client that goes is no news.
    Effect.catchAllCause(() => Effect.void)
  )
