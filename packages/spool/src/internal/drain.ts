/**
 * One pass over a spool.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as ActiveTime from "@tether/host/ActiveTime"
import type { FileError } from "@tether/host/FileError"
import * as FileTime from "@tether/host/FileTime"
import type { LockHeld } from "@tether/host/LockHeld"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as TerminalText from "@tether/host/TerminalText"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Answer } from "../Answer.js"
import type { DrainReport } from "../DrainReport.js"
import { enforceCaps, finishDropping } from "./caps.js"
import { claimed, makeClaims, takeOver } from "./claims.js"
import { makeDirectories, namesIn, readyIn } from "./directory.js"
import { drainFile } from "./drainFile.js"
import { stateOf } from "./keeping.js"
import { deadDirectory, isLive, isReady, isTemporary, retiredName, stateDirectory, stateName } from "./names.js"
import { dueAt, isOf } from "./retry.js"
import type { Item, Setting } from "./setting.js"
import { type Limits, Tally } from "./tally.js"

export const drain = <A, R>(
  setting: Setting<A>,
  handle: (item: Item<A>) => Effect.Effect<Answer, unknown, R>,
  limits: Limits
): Effect.Effect<DrainReport, FileError | LockHeld, R | FileSystem.FileSystem | ProcessIdentity> =>
  Effect.gen(function* () {
    const { directory } = setting
    const tally = new Tally(limits, yield* ActiveTime.now)
    // Somebody may have removed them since.
    yield* makeDirectories(directory)
    yield* takeOver(directory)
    yield* removeUnfinished(directory)
    yield* removeForsaken(directory)
    yield* retireAbandoned(directory)
    yield* Effect.catchAll(finishDropping(directory), (error) => Effect.logError(error.message))
    yield* enforceCaps(setting)
    const names = yield* due(setting)
    const stoppedBy = names.length === 0 ? "end" : yield* Effect.scoped(goThrough(setting, names, tally, handle))
    // What was claimed is back in its place by now.
    const remaining = (yield* readyIn(directory)).length
    return tally.report(remaining === 0 ? "end" : stoppedBy, remaining)
  })

/** One file after the other, until the pass is over. */
const goThrough = <A, R>(
  setting: Setting<A>,
  names: ReadonlyArray<string>,
  tally: Tally,
  handle: (item: Item<A>) => Effect.Effect<Answer, unknown, R>
) =>
  Effect.gen(function* () {
    const claims = yield* makeClaims(setting.directory)
    for (const name of names) {
      const spent = tally.spent(yield* ActiveTime.now)
      if (spent !== undefined) return spent
      yield* Effect.flatMap(claims.take(name), (isOurs) =>
        isOurs ? drainFile({ setting, claims, tally, handle }, name) : Effect.void
      ).pipe(
        Effect.catchAllCause((cause) => {
          if (Cause.isInterrupted(cause)) return Effect.failCause(cause)
          tally.filesFailed++
          const problem = Cause.prettyErrors(cause)[0]?.message
          return Effect.logError(
            `${TerminalText.quote(name)} could not be drained now: ${TerminalText.sanitize(problem ?? "it was interrupted")}`
          )
        })
      )
    }
    // The last file may have been left in the middle.
    return tally.spent(yield* ActiveTime.now) ?? "end"
  })

/** A file takes milliseconds to be written: one that is not whole after an hour never will be. */
const unfinishedAfter = Duration.hours(1)

/** Removes what a `put` that was killed has left, and what a drain has of a state. It was promised to nobody. */
const removeUnfinished = (directory: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.forEach(
    [directory, `${directory}/${stateDirectory}`],
    (place) => Effect.flatMap(namesIn(place), (names) => removeOld(place, names.filter(isTemporary), unfinishedAfter)),
    { discard: true }
  )

/** A state outlives its file for a moment, when a drain is killed, or when somebody takes the file elsewhere. */
const forsakenAfter = Duration.days(1)

const removeForsaken = (directory: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const place = `${directory}/${stateDirectory}`
    const states = yield* namesIn(place)
    if (states.length === 0) return
    const [here, dead, elsewhere] = yield* Effect.all([
      namesIn(directory),
      namesIn(`${directory}/${deadDirectory}`),
      claimed(directory)
    ])
    const wanted = new Set([...here, ...dead, ...elsewhere.map(({ file }) => file)].map(stateName))
    yield* removeOld(
      place,
      states.filter((name) => isReady(name) && !wanted.has(name)),
      forsakenAfter
    )
  })

/** When a file was changed, as far as that counts for its age. */
const changedAt = (path: string): Effect.Effect<Option.Option<number>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.flatMap((info) => FileTime.pastTime(path, info)),
    Effect.orElseSucceed(() => Option.none())
  )

const removeOld = (directory: string, names: ReadonlyArray<string>, age: Duration.Duration) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(age)
    for (const name of names) {
      const changed = yield* changedAt(`${directory}/${name}`)
      if (Option.isSome(changed) && changed.value < before) yield* Effect.ignore(fs.remove(`${directory}/${name}`))
    }
  })

/** A live file to which nobody has added anything for a day belongs to a session that has ended without a word. */
const abandonedAfter = Duration.days(1)

const retireAbandoned = (directory: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const now = yield* Clock.currentTimeMillis
    for (const name of (yield* namesIn(directory)).filter(isLive)) {
      const changed = yield* changedAt(`${directory}/${name}`)
      const isAbandoned = Option.isSome(changed) && changed.value < now - Duration.toMillis(abandonedAfter)
      if (isAbandoned) yield* Effect.ignore(fs.rename(`${directory}/${name}`, `${directory}/${retiredName(name, now)}`))
    }
  })

/** The files that may be drained now, by name; those that have used up a pass of their own come last. */
const due = <A>(setting: Setting<A>): Effect.Effect<ReadonlyArray<string>, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { directory, unsaved } = setting
    const names = yield* readyIn(directory)
    const states = new Set(yield* namesIn(`${directory}/${stateDirectory}`))
    const present = new Set(names)
    for (const name of unsaved.keys()) if (!present.has(name)) unsaved.delete(name)
    const now = yield* Clock.currentTimeMillis
    const places: Array<{ readonly name: string; readonly behindSince: number }> = []
    for (const name of names) {
      const state = unsaved.has(name) || states.has(stateName(name)) ? yield* stateOf(setting, name) : undefined
      const isWaiting =
        state !== undefined && dueAt(setting, state.nextAt, now) > now && (yield* isOf(directory, name, state))
      if (!isWaiting) places.push({ name, behindSince: state?.behindSince ?? 0 })
    }
    return places.toSorted((a, b) => a.behindSince - b.behindSince).map(({ name }) => name)
  })
