/**
 * New files, and what it takes until they are on the disk.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"

/** Writes a file that must not be there yet. */
export const writeNew = (
  fs: FileSystem.FileSystem,
  path: string,
  bytes: Uint8Array,
  options: { readonly mode: number; readonly fsync: boolean }
): Effect.Effect<void, PlatformError> =>
  Effect.scoped(Effect.gen(function*() {
    const file = yield* fs.open(path, { flag: "wx", mode: options.mode })
    // The umask has taken its part of the mode.
    yield* fs.chmod(path, options.mode)
    yield* file.writeAll(bytes)
    if (options.fsync) yield* file.sync
  }))

/**
 * The names in a directory are on the disk only when it is synced itself. Where a directory cannot be opened (Windows)
 * or synced, that is the file system's business.
 */
export const syncDirectory = (fs: FileSystem.FileSystem, path: string): Effect.Effect<void> =>
  Effect.ignore(Effect.scoped(Effect.flatMap(fs.open(path, { flag: "r" }), (directory) => directory.sync)))
