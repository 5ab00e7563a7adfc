/**
 * Sees panes whose process has died while tmux has not noticed, and nudges it.
 *
 * Debian's tmux has libutempter set SIGCHLD aside while it removes a login record, which it does at a pane's end: a
 * signal that comes right then is lost. The dead process stays a zombie, its status unread and its hook not run, until
 * another child of the server ends. Where there is no `/proc`, nobody sees that.
 */
import type { Identity, ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { pause } from "./within.js"

/** A zombie that old is none that tmux is just about to read. */
const lookEvery = "100 millis"

export const makeDeathWatch = (
  processes: ProcessIdentity["Type"],
  nudge: Effect.Effect<void>
): Effect.Effect<(pane: Identity) => Effect.Effect<void>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const watched = new Map<string, { readonly pane: Identity; wasDead: boolean }>()
    let isLooking = false

    /** `unread`: it has died, and tmux has not read its status yet. */
    const stateOf = (pane: Identity): Effect.Effect<"alive" | "unread" | "over"> =>
      Effect.gen(function* () {
        if ((yield* processes.liveness(pane)) !== "gone") return "alive"
        const found = yield* processes.identify(pane.pid)
        return found._tag === "Some" && found.value.startToken === pane.startToken ? "unread" : "over"
      })

    const look = Effect.gen(function* () {
      let isStuck = false
      for (const [key, each] of watched) {
        const state = yield* stateOf(each.pane)
        if (state === "over") watched.delete(key)
        isStuck ||= state === "unread" && each.wasDead
        each.wasDead = state === "unread"
      }
      if (isStuck) yield* nudge
    })
    const looking = Effect.gen(function* () {
      while (isLooking) {
        yield* pause(lookEvery)
        yield* look
        isLooking = watched.size > 0
      }
    })

    return (pane) =>
      Effect.gen(function* () {
        const state = yield* stateOf(pane)
        // Whoever asks may not be there for long.
        if (state === "unread") yield* nudge
        if (state === "over") return
        watched.set(`${pane.pid}:${pane.startToken}`, { pane, wasDead: false })
        if (isLooking) return
        isLooking = true
        yield* Effect.forkIn(Effect.interruptible(looking), scope)
      })
  })
