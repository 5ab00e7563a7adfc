/**
 * One pass over a spool.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type { FileError } from "@tether/host/FileError"
import type { LockHeld } from "@tether/host/LockHeld"
import type { ProcessIdentity } from "@tether/host/ProcessIdentity"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Answer } from "../Answer.js"
import type { DrainReport } from "../DrainReport.js"
import { enforceCaps } from "./caps.js"
import { makeClaims, takeOver } from "./claims.js"
import { namesIn, readyIn } from "./directory.js"
import { drainFile } from "./drainFile.js"
import { isLive, isTemporary, retiredName, stateDirectory } from "./names.js"
import type { Item, Setting } from "./setting.js"
import { readState } from "./state.js"
import { type Limits, Tally } from "./tally.js"

export const drain = <A, R>(
  setting: Setting<A>,
  handle: (item: Item<A>) => Effect.Effect<Answer, unknown, R>,
  limits: Limits
): Effect.Effect<DrainReport, FileError | LockHeld, R | FileSystem.FileSystem | ProcessIdentity> =>
  Effect.scoped(Effect.gen(function*() {
    const { directory } = setting
    const tally = new Tally(limits, yield* Clock.currentTimeMillis)
    yield* takeOver(directory)
    yield* removeUnfinished(directory)
    yield* retireAbandoned(directory)
    yield* enforceCaps(setting)
    const names = yield* due(directory)
    let stoppedBy: DrainReport["stoppedBy"] = "end"
    if (names.length > 0) {
      const claims = yield* makeClaims(directory)
      for (const name of names) {
        const spent = tally.spent(yield* Clock.currentTimeMillis)
        if (spent !== undefined) {
          stoppedBy = spent
          break
        }
        yield* Effect.flatMap(claims.take(name), (isOurs) => isOurs ? drainFile({ setting, claims, tally, handle }, name) : Effect.void).pipe(
          Effect.catchAll((error) => {
            tally.filesFailed++
            return Effect.logError(`${JSON.stringify(name)} could not be drained now: ${error.message}`)
          })
        )
      }
      // The last file may have been left in the middle.
      if (stoppedBy === "end") stoppedBy = tally.spent(yield* Clock.currentTimeMillis) ?? "end"
    }
    const remaining = (yield* readyIn(directory)).length
    return tally.report(remaining === 0 ? "end" : stoppedBy, remaining)
  }))

/** A file takes milliseconds to be written: one that is not whole after an hour never will be. */
const unfinishedAfter = Duration.hours(1)

/** Removes what a `put` that was killed has left. It was promised to nobody. */
const removeUnfinished = (directory: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(unfinishedAfter)
    for (const name of (yield* namesIn(directory)).filter(isTemporary)) {
      const path = `${directory}/${name}`
      const info = yield* Effect.option(fs.stat(path))
      const changed = Option.flatMap(info, ({ mtime }) => mtime)
      if (Option.isSome(changed) && changed.value.getTime() < before) yield* Effect.ignore(fs.remove(path))
    }
  })

/** A live file to which nobody has added anything for a day belongs to a session that has ended without a word. */
const abandonedAfter = Duration.days(1)

const retireAbandoned = (directory: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const now = yield* Clock.currentTimeMillis
    for (const name of (yield* namesIn(directory)).filter(isLive)) {
      const changed = Option.flatMap(yield* Effect.option(fs.stat(`${directory}/${name}`)), ({ mtime }) => mtime)
      const isAbandoned = Option.isSome(changed) && changed.value.getTime() < now - Duration.toMillis(abandonedAfter)
      if (isAbandoned) yield* Effect.ignore(fs.rename(`${directory}/${name}`, `${directory}/${retiredName(name, now)}`))
    }
  })

/** The files that may be drained now. */
const due = (directory: string): Effect.Effect<ReadonlyArray<string>, FileError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const names = yield* readyIn(directory)
    const states = (yield* namesIn(`${directory}/${stateDirectory}`)).filter((name) => !name.startsWith("."))
    const waiting = new Set<string>()
    const now = yield* Clock.currentTimeMillis
    for (const name of states) {
      const state = yield* readState(directory, name)
      if (state !== undefined && state.nextAt > now) waiting.add(name)
    }
    return names.filter((name) => !waiting.has(name))
  })
