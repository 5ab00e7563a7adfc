/**
 * New files, and what it takes until they are on the disk.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ActiveTime from "../ActiveTime.js"

/** Writes a file that must not be there yet. */
export const writeNew = (
  fs: FileSystem.FileSystem,
  path: string,
  bytes: Uint8Array,
  options: { readonly mode: number; readonly fsync: Fsync }
): Effect.Effect<void, PlatformError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* fs.open(path, { flag: "wx", mode: options.mode })
      // The umask has taken its part of the mode.
      yield* fs.chmod(path, options.mode)
      // A write of nothing is told as one that could not write.
      if (bytes.length > 0) yield* file.writeAll(bytes)
      yield* within(options.fsync, file.sync)
    })
  )

/** Whether what is written is waited for to be on the disk; or for how long at most. */
export type Fsync = boolean | Duration.DurationInput

/** A sync that takes longer goes on without us. */
const within = <E>(fsync: Fsync, sync: Effect.Effect<void, E>): Effect.Effect<void, E> => {
  if (typeof fsync !== "boolean")
    return Effect.asVoid(ActiveTime.within(ActiveTime.clock, fsync, Effect.disconnect(sync)))
  return fsync ? sync : Effect.void
}

/**
 * The names in a directory are on the disk only when it is synced itself. Where a directory cannot be opened (Windows)
 * or synced, that is the file system's business.
 */
export const syncDirectory = (fs: FileSystem.FileSystem, path: string, fsync: Fsync = true): Effect.Effect<void> =>
  Effect.ignore(
    within(fsync, Effect.scoped(Effect.flatMap(fs.open(path, { flag: "r" }), (directory) => directory.sync)))
  )
