/**
 * Sees panes whose process has died while tmux has not noticed, and nudges it.
 *
 * Debian's tmux has libutempter set SIGCHLD aside while it removes a login record, which it does at a pane's end: a signal that
 * comes right then is lost. The dead process stays a zombie, its status unread and its hook not run, until another child of the server
 * ends. Where there is no `/proc`, nobody sees that.
 */
import type { Identity, ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** A zombie that old is none that tmux is just about to read. */
const lookEvery = "100 millis"

export const makeDeathWatch = (
  processes: ProcessIdentity["Type"],
  nudge: Effect.Effect<void>
): Effect.Effect<(pane: Identity) => Effect.Effect<void>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const watched = new Map<string, { readonly pane: Identity; wasDead: boolean }>()
    let isLooking = false

    const look = Effect.gen(function*() {
      let isStuck = false
      for (const [key, each] of watched) {
        if ((yield* processes.liveness(each.pane)) !== "gone") continue
        const found = yield* processes.identify(each.pane.pid)
        if (found._tag === "None" || found.value.startToken !== each.pane.startToken) {
          watched.delete(key)
          continue
        }
        isStuck ||= each.wasDead
        each.wasDead = true
      }
      if (isStuck) yield* nudge
    })
    const looking = Effect.gen(function*() {
      while (isLooking) {
        yield* Effect.sleep(lookEvery)
        yield* look
        isLooking = watched.size > 0
      }
    })

    return (pane) =>
      Effect.suspend(() => {
        watched.set(`${pane.pid}:${pane.startToken}`, { pane, wasDead: false })
        if (isLooking) return Effect.void
        isLooking = true
        return Effect.asVoid(Effect.forkIn(Effect.interruptible(looking), scope))
      })
  })
