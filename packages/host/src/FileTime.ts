/**
 * The times of files.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Option from "effect/Option"

/**
 * When a file was written last, in milliseconds since the epoch. None where the file system does not tell, and for a
 * time that no `Date` holds: a file system may store those, and any user may set one.
 *
 * @example
 * ```ts
 * import * as FileSystem from "@effect/platform/FileSystem"
 * import * as FileTime from "@tether/host/FileTime"
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 *
 * const isOld = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat("/tmp/demo")).pipe(
 *   Effect.map((info) => Option.exists(FileTime.modifiedAt(info), (time) => time < Date.now() - 86_400_000))
 * )
 * ```
 */
export const modifiedAt = ({ mtime }: FileSystem.File.Info): Option.Option<number> =>
  Option.filter(
    Option.map(mtime, (time) => time.getTime()),
    (time) => !Number.isNaN(time)
  )
