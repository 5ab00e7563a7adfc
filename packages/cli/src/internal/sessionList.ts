/**
 * `tether session ls`: which sessions there are.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as TmuxSession from "@tether/tmux/TmuxSession"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { formatAge } from "./age.js"
import type { Answer } from "./answer.js"
import { toJson } from "./json.js"
import type { Outlets } from "./outlets.js"
import { answered, tmux } from "./sessionHost.js"
import { table } from "./table.js"

export const list = (json: boolean, server: string | undefined, outlets: Outlets) =>
  answered(
    outlets,
    Effect.gen(function* () {
      const found = yield* Effect.forEach(yield* TmuxSession.list, ({ attached, session }) =>
        Effect.map(session.liveness, (state) => ({ attached, session, state }))
      )
      if (json) {
        const sessions = found.map(({ attached, session, state }) => {
          const { command, exitLogDir, id, identity, launchedAt, logFile, pane, pid } = session
          return { identity, state, id, pane, pid, launchedAt, attached, command, logFile, exitLogDir }
        })
        return { lines: [toJson({ sessions })], code: 0 } satisfies Answer
      }
      if (found.length === 0) return { lines: [], told: "there is no session", code: 0 } satisfies Answer
      const now = yield* Clock.currentTimeMillis
      const rows = found.map(({ attached, session, state }) => [
        TerminalText.sanitize(session.identity),
        state,
        String(session.pid),
        formatAge(session.launchedAt, now),
        String(attached),
        TerminalText.sanitize(session.command)
      ])
      return { lines: table(head, rows, { width: outlets.out.width, overflow: "cut" }), code: 0 } satisfies Answer
    }).pipe(Effect.provide(tmux(server)))
  )

const head = ["NAME", "STATE", "PID", "AGE", "ATTACHED", "COMMAND"]
