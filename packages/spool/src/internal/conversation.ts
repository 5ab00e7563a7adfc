/**
 * One connection: requests in, answers out, one after the other.
 */
import type * as Socket from "@effect/platform/Socket"
import * as ActiveTime from "@tether/host/ActiveTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import type { Taken } from "../Spool.js"
import { type Header, maxLineBytes } from "./format.js"
import { type Line, LineSplitter } from "./lineSplitter.js"
import { answerLine, most, parseRequest } from "./protocol.js"

/** What is done for who asks. */
export interface Service<R> {
  readonly put: (header: Header, lines: ReadonlyArray<string>) => Effect.Effect<Taken, never, R>
  /** Asks for a pass, and does not wait for it. */
  readonly drain: Effect.Effect<void>
}

/**
 * Whoever says nothing for so long is not waited for, be it in the middle of a request or without one: others want the
 * place.
 */
const patience = Duration.seconds(30)

/** Why a connection is closed by us. */
interface Refusal {
  readonly _tag: "Refusal"
  readonly error: string
}

const refusal = (error: string): Refusal => ({ _tag: "Refusal", error })

/** So much may wait behind what is being done, in bytes: beyond that a client is not read from. */
const mostWaiting = 1024 * 1024

/** What a line takes besides its text: millions of blank ones are not little. */
const perLine = 64

const costOf = ({ end, start }: Line): number => end - start + perLine

/** Whether the client is read from. */
export interface Flow {
  readonly pause: () => void
  readonly resume: () => void
}

export const converse = <R>(socket: Socket.Socket, flow: Flow, service: Service<R>): Effect.Effect<void, never, R> =>
  Effect.scoped(
    Effect.gen(function* () {
      const write = yield* socket.writer
      const lines = yield* Mailbox.make<Line, Refusal>()
      const splitter = new LineSplitter(maxLineBytes)
      let waiting = 0
      let isPaused = false
      const keepPace = () => {
        if (waiting > mostWaiting === isPaused) return
        isPaused = !isPaused
        if (isPaused) flow.pause()
        else flow.resume()
      }
      const read = socket.run((bytes) => {
        for (const line of splitter.take(bytes)) {
          waiting += costOf(line)
          lines.unsafeOffer(line)
        }
        if (splitter.partial > most.bytes) lines.unsafeDone(Exit.fail(refusal("the request is too long")))
        keepPace()
      })
      const take = Effect.tap(lines.take, (line) =>
        Effect.sync(() => {
          waiting -= costOf(line)
          keepPace()
        })
      )
      const within = <A, E, R1>(effect: Effect.Effect<A, E, R1>) =>
        Effect.raceFirst(
          effect,
          Effect.zipRight(
            ActiveTime.sleep(patience),
            Effect.failSync(() => refusal(`nothing came for ${Duration.format(patience)}`))
          )
        )

      const answerOne = Effect.gen(function* () {
        const request = parseRequest((yield* within(take)).text)
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
            let bytes = 0
            while (records.length < request.right.records) {
              const line = yield* within(take)
              bytes += costOf(line)
              if (line.text === undefined) return yield* Effect.fail(refusal("a record is too long"))
              if (bytes > most.bytes) return yield* Effect.fail(refusal("the request is too long"))
              records.push(line.text)
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
      const watch = Effect.gen(function* () {
        let before = -1
        while (true) {
          yield* ActiveTime.sleep(patience)
          if (!isPaused && splitter.partial > 0 && splitter.partial === before) return
          before = splitter.partial
        }
      })
      yield* Effect.raceFirst(Effect.raceFirst(read, watch), answerAll)
    })
  ).pipe(
    // A client that goes is no news.
    Effect.catchAllCause(() => Effect.void)
  )
