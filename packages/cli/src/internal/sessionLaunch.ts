/**
 * `tether session launch`: a program in a terminal of its own.
 */
import * as Command from "@effect/platform/Command"
import * as StateDir from "@tether/host/StateDir"
import * as TerminalText from "@tether/host/TerminalText"
import * as TmuxSession from "@tether/tmux/TmuxSession"
import * as Effect from "effect/Effect"
import { resolve } from "node:path"
import type { Answer } from "./answer.js"
import type { Outlets } from "./outlets.js"
import { show } from "./sessionAttach.js"
import { answered, endedBySignals, tmux } from "./sessionHost.js"
import { endedText } from "./sessionStop.js"
import type { LaunchWords } from "./sessionWords.js"

export const launch = (words: LaunchWords, server: string | undefined, outlets: Outlets) =>
  answered(
    outlets,
    Effect.gen(function* () {
      const { attach, cols, cwd, env, name, rows } = words
      const logDir = yield* directory(words.logDir, "sessions")
      const exitLogDir = words.noExitLog ? undefined : yield* directory(words.exitLogDir, "journal")
      const command = Command.make(...words.words)
      const session = yield* endedBySignals(
        TmuxSession.launch({ identity: name, command, cwd: resolve(cwd ?? "."), env, cols, rows, logDir, exitLogDir }),
        "interrupted: nothing was launched, or it has been stopped again"
      )
      const line = [TerminalText.sanitize(session.identity), session.id, TerminalText.sanitize(session.logFile)].join(
        "\t"
      )
      if (!attach) return { lines: [line], code: 0 } satisfies Answer
      outlets.out.push(line)
      yield* outlets.settled
      if ((yield* session.liveness) === "gone")
        return { lines: [], told: endedText(name, yield* session.ended), code: 0 } satisfies Answer
      return yield* show(session, outlets)
    }).pipe(Effect.provide(tmux(server)))
  )

const directory = (given: string | undefined, usual: string) =>
  given === undefined ? StateDir.statePath(usual) : Effect.succeed(resolve(given))
