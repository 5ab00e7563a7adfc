/**
 * `tether session attach`: a session in this terminal.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as StopPlan from "@tether/process/StopPlan"
import { Tmux } from "@tether/tmux/Tmux"
import * as TmuxSession from "@tether/tmux/TmuxSession"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Answer } from "./answer.js"
import * as exitCode from "./exitCode.js"
import type { Outlets } from "./outlets.js"
import { answered, sessionOf, tmux, Unknown, Unusable } from "./sessionHost.js"
import { endedText } from "./sessionStop.js"
import { type Forwarded, received } from "./signals.js"

export const attach = (name: string, server: string | undefined, outlets: Outlets) =>
  answered(
    outlets,
    Effect.gen(function* () {
      const session = yield* sessionOf(name)
      if (isWithin(session, yield* Tmux)) {
        return yield* new Unusable({
          message: `this terminal is in session ${TerminalText.quote(name)}, which cannot show itself`
        })
      }
      if ((yield* session.liveness) === "gone")
        return yield* new Unknown({ message: `session ${TerminalText.quote(name)} has ended` })
      return yield* show(session, outlets)
    }).pipe(Effect.provide(tmux(server)))
  )

/** tmux tells its panes where they are: socket, server and session. */
const isWithin = ({ id }: TmuxSession.TmuxSession, { socket }: Tmux["Type"]): boolean => {
  const [, at, number] = /^(.*),\d+,(\d+)$/.exec(process.env["TMUX"] ?? "") ?? []
  return at === socket && `$${number}` === id
}

/** Until the person leaves it, it ends, or a signal tells us to go: then it is left, and goes on. */
export const show = (session: TmuxSession.TmuxSession, outlets: Outlets) =>
  Effect.gen(function* () {
    const signals = yield* received
    const resizes = yield* resized
    const client = yield* TmuxSession.attach(session)
    let left: Forwarded | undefined
    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Queue.take(resizes), client.signal("SIGWINCH"))))
    yield* Effect.forkScoped(
      Effect.flatMap(Queue.take(signals), (signal) => {
        left = signal
        return client.stop(StopPlan.make(StopPlan.signal("SIGTERM", "2 seconds")))
      })
    )
    const { status } = yield* client.gone
    // A client that was killed leaves the terminal on its other screen. The spawner has restored its modes.
    if (status._tag === "Signaled") {
      outlets.out.piece(plainTerminal)
      yield* outlets.settled
    }
    if (left !== undefined)
      return { lines: [], code: exitCode.ofStatus({ _tag: "Signaled", signal: left }) } satisfies Answer
    if ((yield* session.liveness) === "gone")
      return { lines: [], told: endedText(session.identity, yield* session.ended), code: 0 } satisfies Answer
    return { lines: [], code: exitCode.ofStatus(status) === 0 ? 0 : 1 } satisfies Answer
  }).pipe(Effect.scoped)

/**
 * The kernel tells of a new size those who belong to the terminal. The client is a session of its own, as all children
 * are, and is told by us.
 */
const resized = Effect.acquireRelease(
  Effect.map(Queue.sliding<void>(1), (queue) => {
    const listener = () => void queue.unsafeOffer(undefined)
    process.on("SIGWINCH", listener)
    return { queue, listener }
  }),
  ({ listener }) => Effect.sync(() => process.off("SIGWINCH", listener))
).pipe(Effect.map(({ queue }): Queue.Dequeue<void> => queue))

/** The first screen, a cursor, no colours, keys and mouse as usual. */
const plainTerminal =
  "\u001b[?1049l\u001b[?25h\u001b[m\u001b[?1l\u001b>\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?2004l"
