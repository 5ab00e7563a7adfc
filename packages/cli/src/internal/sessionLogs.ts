/**
 * `tether session logs`: what a session has written.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import * as TerminalText from "@tether/host/TerminalText"
import * as TmuxSession from "@tether/tmux/TmuxSession"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { dirname, resolve } from "node:path"
import type { Answer } from "./answer.js"
import { after, drain, openAll, type Part, seekLines } from "./logChain.js"
import { namesOf } from "./names.js"
import type { Outlets } from "./outlets.js"
import { PlainText } from "./plainText.js"
import { answered, isFileName, logsIn, tmux, Unknown, usualLogDir } from "./sessionHost.js"
import { endedText } from "./sessionStop.js"
import type { LogsWords } from "./sessionWords.js"

export const logs = (words: LogsWords, server: string | undefined, outlets: Outlets) =>
  answered(
    outlets,
    Effect.gen(function* () {
      const { logDir, name } = words
      // A log can be read without tmux.
      const sessions = yield* Effect.either(
        Effect.flatMap(Layer.build(tmux(server)), (context) => Effect.provide(TmuxSession.list, context))
      )
      const session = Either.getOrElse(sessions, () => []).find(({ session }) => session.identity === name)?.session
      const log =
        logDir === undefined && session !== undefined
          ? session.logFile
          : `${logDir === undefined ? yield* usualLogDir : resolve(logDir)}/${name}.log`
      const own = session?.logFile === log ? session : undefined
      const parts = isFileName(name) ? yield* openAll(log) : []
      if (parts.length === 0 && own === undefined) {
        const problem = Either.isLeft(sessions) ? `; ${sessions.left.message}` : ""
        return yield* new Unknown({ message: `${yield* noLog(name, dirname(log))}${problem}` })
      }
      if (words.path) return { lines: [log], code: 0 } satisfies Answer
      if (words.follow && Either.isLeft(sessions))
        outlets.say(`nobody can tell whether the session goes on, and it is not followed: ${sessions.left.message}`)
      return yield* shown(log, parts, own, words, outlets)
    })
  )

const noLog = (name: string, directory: string): Effect.Effect<string, never, FileSystem.FileSystem> =>
  Effect.map(logsIn(directory), (known) => {
    const others = known.length === 0 ? "there is none at all" : `there is one of: ${namesOf(known)}`
    return `there is no log of a session ${TerminalText.quote(name)} in ${TerminalText.quote(directory)}; ${others}`
  })

const shown = (
  log: string,
  parts: ReadonlyArray<Part>,
  session: TmuxSession.TmuxSession | undefined,
  { follow, lines, name, plain, raw }: LogsWords,
  outlets: Outlets
): Effect.Effect<Answer, FileError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function* () {
    const { closed, left, out } = outlets
    // A log holds all that a program wrote for its own terminal: a terminal that gets it would obey it once more.
    const isText = plain || (out.isTerminal && !raw)
    const text = isText ? new PlainText({ colour: !plain && out.hasColours }) : undefined
    const take = (bytes: Uint8Array) =>
      Effect.suspend(() => {
        out.piece(text === undefined ? bytes : text.push(bytes))
        return out.settled
      })
    const begun = lines === undefined ? parts : yield* seekLines(parts, lines)
    const read = Effect.gen(function* () {
      for (const part of begun) yield* drain(part, take)
      return follow && session !== undefined ? yield* followed(log, begun.at(-1), session, take, outlets) : undefined
    })
    const end = yield* Effect.raceFirst(read, Effect.as(follow ? left : closed, undefined))
    if (text !== undefined) out.piece(text.end())
    return { lines: [], told: end === undefined ? undefined : endedText(name, end), code: 0 }
  })

const lookEvery = "100 millis"

/** Until the session has ended: then its log is complete. */
const followed = (
  log: string,
  from: Part | undefined,
  session: TmuxSession.TmuxSession,
  take: (bytes: Uint8Array) => Effect.Effect<void>,
  outlets: Outlets
) =>
  Effect.gen(function* () {
    const ended = yield* Effect.forkScoped(session.ended)
    let current = from
    while (true) {
      const isOver = Option.isSome(yield* Fiber.poll(ended))
      if (current !== undefined) yield* drain(current, take)
      const next = yield* after(log, current)
      if (Option.isSome(next)) {
        // What came before it was rotated.
        if (current !== undefined) yield* Effect.zipRight(drain(current, take), current.close)
        if (!next.value.isSure) outlets.say("some output may be missing here: its file was removed before it was read")
        current = next.value.part
      } else if (isOver) return yield* Fiber.join(ended)
      else yield* Effect.raceFirst(Fiber.await(ended), Effect.sleep(lookEvery))
    }
  })
