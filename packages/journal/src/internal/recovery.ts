/**
 * What was begun and has no end, when a journal is opened.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as ActiveTime from "@tether/host/ActiveTime"
import type { FileError } from "@tether/host/FileError"
import * as FileLock from "@tether/host/FileLock"
import { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as TerminalText from "@tether/host/TerminalText"
import * as Effect from "effect/Effect"
import type { JournalService, Unfinished } from "./service.js"
import type { Surroundings } from "./setting.js"
import { withoutAbsent } from "./withoutAbsent.js"

/**
 * One program at a time, so that none is given two ends. What cannot be done now, on a full disk or beside one who does
 * it and is stuck, is left to the next opening.
 */
export const recover = (
  directory: string,
  journal: JournalService,
  { files, processes }: Surroundings
): Effect.Effect<void> =>
  Effect.gen(function* () {
    if ((yield* journal.unfinished()).every(({ state }) => state === "watched")) return
    // Another program may hold it, in real time.
    yield* Effect.withClock(
      FileLock.acquire(`${directory}/recovery.lock`, { label: "exit journal", wait: "2 seconds" }),
      ActiveTime.clock
    )
    // Once more: whoever had the lock before has written.
    const found = yield* journal.unfinished()
    yield* Effect.forEach(
      found.filter(({ state }) => state === "gone"),
      conclude(journal),
      { discard: true }
    )
    yield* report(found, "alive", "alive, and nobody watches")
    yield* report(found, "unknown", "in a state that cannot be told from here")
  }).pipe(
    Effect.scoped,
    Effect.provideService(FileSystem.FileSystem, files),
    Effect.provideService(ProcessIdentity, processes),
    Effect.catchAll((error) =>
      Effect.logWarning(`the exit journal was opened with records that have no end: ${error.message}`)
    )
  )

const conclude =
  (journal: JournalService) =>
  ({ reason, start }: Unfinished): Effect.Effect<void, FileError> => {
    const { bootId, command, cwd, identity, pid, pidNamespace, startToken } = start
    return Effect.asVoid(
      journal.append({
        ev: "session-exit",
        identity,
        start: start.id,
        endedBy: "unknown",
        ...withoutAbsent({ reason, command, cwd, pid, startToken, bootId, pidNamespace })
      })
    )
  }

const report = (found: ReadonlyArray<Unfinished>, asked: Unfinished["state"], words: string): Effect.Effect<void> => {
  const names = found.flatMap(({ start: { identity, pid }, state }) =>
    state === asked ? [`${TerminalText.quote(identity)} (pid ${pid ?? "unknown"})`] : []
  )
  if (names.length === 0) return Effect.void
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ""
  return Effect.logWarning(
    `the exit journal knows of some that are ${words}: ${names.slice(0, mostNamed).join(", ")}${more}`
  )
}

const mostNamed = 5
