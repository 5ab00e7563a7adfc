/**
 * The last lines of the log of a session, as text.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import * as TerminalText from "@tether/host/TerminalText"
import * as TrustedPath from "@tether/host/TrustedPath"
import * as Effect from "effect/Effect"
import { basename } from "node:path"
import { drain, openAll, seekLines } from "./logChain.js"
import { PlainText } from "./plainText.js"

export interface LogTail {
  readonly path: string
  /** Oldest first. None where the log is not there, or where another user can have written it. */
  readonly lines: ReadonlyArray<string>
}

const mostLines = 10

/** A program that draws its screen may write a megabyte without a newline. */
const mostCharacters = 8 * 1024

/** A journal may be written by another program: only the log of a session is read, and no other file that it names. */
export const logTail = (path: string, identity: string): Effect.Effect<LogTail, never, FileSystem.FileSystem> =>
  basename(path) === `${identity}.log`
    ? TrustedPath.check("read the log", path, "File").pipe(
        Effect.zipRight(lastLines(path)),
        Effect.orElseSucceed(() => []),
        Effect.map((lines) => ({ path, lines }))
      )
    : Effect.succeed({ path, lines: [] })

const lastLines = (path: string): Effect.Effect<ReadonlyArray<string>, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const text = new PlainText({ colour: false })
    let shown = ""
    const take = (more: string) =>
      Effect.sync(() => {
        shown = (shown + more).slice(-mostCharacters)
      })
    // More than are shown: those without a character are left out.
    for (const part of yield* seekLines(yield* openAll(path), 3 * mostLines))
      yield* drain(part, (bytes) => take(text.push(bytes)))
    yield* take(text.end())
    return shown
      .split("\n")
      .map((line) => TerminalText.sanitize(line).trimEnd())
      .filter((line) => line !== "")
      .slice(-mostLines)
  }).pipe(Effect.scoped)
