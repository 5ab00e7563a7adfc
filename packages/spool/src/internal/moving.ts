/**
 * Files that change their directory. None takes the place of another: names are unique as we give them, and others may
 * not know.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as FileAttempt from "@tether/host/FileAttempt"
import type { FileError } from "@tether/host/FileError"
import * as SortableId from "@tether/host/SortableId"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { lengthened, stateDirectory, stateName } from "./names.js"

/**
 * Moves a file into a directory, under its own name or, where that is taken, under a new one; its state goes with it.
 */
export const move = (
  action: string,
  spool: string,
  from: string,
  directory: string,
  name: string
): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const isTaken = yield* Effect.match(fs.stat(`${directory}/${name}`), {
      onFailure: () => false,
      onSuccess: () => true
    })
    const free = isTaken ? lengthened(name, `-${SortableId.make()(yield* Clock.currentTimeMillis)}`) : name
    yield* FileAttempt.attempt(action, from)(fs.rename(from, `${directory}/${free}`))
    const states = `${spool}/${stateDirectory}`
    if (isTaken) yield* Effect.ignore(fs.rename(`${states}/${stateName(name)}`, `${states}/${stateName(free)}`))
  })
