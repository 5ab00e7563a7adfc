/**
 * What claimants that were killed have left beside a lock.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as ProcessIdentity from "../ProcessIdentity.js"
import { type Claimant, dropped } from "./claim.js"
import * as LockFile from "./lockFile.js"
import { directoryOf, join, nameOf } from "./paths.js"

/** Removes the files of claimants that are gone. Only the owner of the lock does, and it has just been the claimant. */
export const sweep = (
  me: Claimant
): Effect.Effect<void, never, FileSystem.FileSystem | ProcessIdentity.ProcessIdentity> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const processes = yield* ProcessIdentity.ProcessIdentity
    const directory = directoryOf(me.path)
    const prefix = `${nameOf(me.path)}.`
    const names = yield* fs.readDirectory(directory)
    for (const name of names) {
      if (!name.startsWith(prefix) || !ofClaimant.test(name.slice(prefix.length))) continue
      const path = join(directory, name)
      const seen = yield* LockFile.read(path)
      if (seen === undefined) continue
      const identity = seen.owner?.identity
      const isGone =
        identity === undefined
          ? // Its claimant was killed before it had written its name, which takes a moment.
            // A date in the future is of before the clock was set back.
            seen.owner === undefined && Math.abs((yield* Clock.currentTimeMillis) - seen.refreshedAt) > aMinute
          : (yield* processes.liveness(identity)) === "gone"
      if (isGone) yield* dropped(path)
    }
  }).pipe(Effect.ignore)

const aMinute = 60_000

const ofClaimant = /^(?:[0-9a-f]{24}\.new|[0-9a-f]{16}\.claim)$/
