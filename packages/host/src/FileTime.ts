/**
 * The times of files.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isInFuture } from "./internal/futureDate.js"

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

/**
 * When a file was written last, for what is kept for a time. A file that is dated more than a minute in the future,
 * because the clock was set back since, is given the time of now: it is kept from now on as long as any other, and not
 * until that date.
 *
 * @example
 * ```ts
 * import * as FileTime from "@tether/host/FileTime"
 * import * as FileSystem from "@effect/platform/FileSystem"
 * import * as Effect from "effect/Effect"
 *
 * const writtenAt = (path: string) =>
 *   Effect.flatMap(FileSystem.FileSystem, (fs) =>
 *     Effect.flatMap(fs.stat(path), (info) => FileTime.pastTime(path, info)))
 * ```
 */
export const pastTime = (
  path: string,
  info: FileSystem.File.Info
): Effect.Effect<Option.Option<number>, never, FileSystem.FileSystem> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const time = modifiedAt(info)
    if (!Option.exists(time, (time) => isInFuture(time, now))) return Effect.succeed(time)
    return Effect.flatMap(FileSystem.FileSystem, (fs) =>
      // Where it cannot be dated, it counts as one of now each time.
      Effect.as(Effect.ignore(fs.utimes(path, new Date(now), new Date(now))), Option.some(now))
    )
  })
