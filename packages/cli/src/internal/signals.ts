/**
 * The signals that are sent to this program and meant for its child.
 */
import * as ActiveTime from "@tether/host/ActiveTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"

/** They ask a program to end. */
const ending = ["SIGINT", "SIGTERM", "SIGHUP"] as const

export type Forwarded = (typeof ending)[number]

/** All that can be caught and that a person or a program sends. Node.js would open its debugger for SIGUSR1. */
const sendable = [...ending, "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGWINCH", "SIGTSTP", "SIGCONT"] as const

export type Sendable = (typeof sendable)[number]

const listenFor = <S extends NodeJS.Signals>(
  signals: ReadonlyArray<S>
): Effect.Effect<Queue.Dequeue<S>, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.map(Queue.unbounded<S>(), (queue) => {
      const listeners = signals.map((signal) => {
        const listener = () => void queue.unsafeOffer(signal)
        process.on(signal, listener)
        return () => process.off(signal, listener)
      })
      return { queue, listeners }
    }),
    ({ listeners }) => Effect.sync(() => listeners.forEach((off) => off()))
  ).pipe(Effect.map(({ queue }) => queue))

/** Until the scope closes, the signals that ask this program to end come here and do not end it. */
export const received = listenFor(ending)

/** The same for every signal that the command of `tether run` is to hear. */
export const allReceived = listenFor(sendable)

/** A signal that a process sends to itself may reach it through another of its threads, a moment later. */
const untilStopped = Duration.millis(50)

/**
 * Stops this program as Ctrl-Z does, and completes when it goes on. The kernel does not stop one that no shell could
 * continue: it goes on at once.
 */
export const stopped: Effect.Effect<void> = Effect.acquireUseRelease(
  Effect.sync(() => {
    const listeners = process.listeners("SIGTSTP")
    // Without a listener it has its default action.
    process.removeAllListeners("SIGTSTP")
    return listeners
  }),
  () =>
    Effect.zipRight(
      Effect.sync(() => process.kill(process.pid, "SIGTSTP")),
      ActiveTime.clock.sleep(untilStopped)
    ),
  (listeners) => Effect.sync(() => listeners.forEach((listener) => process.on("SIGTSTP", listener)))
)
