/**
 * Files that are there whole, or not at all.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { FileError } from "./FileError.js"
import * as FileTime from "./FileTime.js"
import { doing, fileError } from "./internal/fileErrors.js"
import { directoryOf, join, nameOf } from "./internal/paths.js"
import { randomId } from "./internal/runtime.js"
import { type Fsync, syncDirectory, writeNew } from "./internal/writing.js"

/**
 * How a file is written.
 *
 * - `mode`: its permissions. Default: those of the file that is replaced, otherwise 0600.
 * - `fsync`: whether it is on the disk, and not only in the system's memory, when the write returns. Default true: a
 *   file that is worth an atomic write should survive a power cut. It costs from 0.1 to 10 milliseconds. A duration is
 *   for one who cannot wait for a busy disk: after so long it is given its name, and comes to the disk when it does.
 *
 * @example
 * ```ts
 * import type { Options } from "@tether/host/AtomicFile"
 *
 * const quick: Options = { fsync: false }
 * ```
 */
export interface Options {
  readonly mode?: number | undefined
  readonly fsync?: boolean | Duration.DurationInput | undefined
}

/**
 * Creates a file with this content, or fails with the reason `AlreadyExists` and leaves alone what is there, be it a
 * file, a directory or a symbolic link. Of many who create the same file at once, one succeeds, and nobody ever sees a
 * part of it.
 *
 * The file system must have hard links; where it has none the reason is `Unsupported` or `PermissionDenied`.
 *
 * @example
 * ```ts
 * import * as AtomicFile from "@tether/host/AtomicFile"
 * import * as Effect from "effect/Effect"
 *
 * const first = AtomicFile.create("/tmp/demo/token", "s3cret", { mode: 0o600 }).pipe(
 *   Effect.as(true),
 *   Effect.catchTag("FileError", (error) =>
 *     error.reason === "AlreadyExists" ? Effect.succeed(false) : Effect.fail(error)
 *   )
 * )
 * ```
 */
export const create = (
  path: string,
  data: string | Uint8Array,
  options: Options = {}
): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  written("create", path, data, options.mode ?? 0o600, options.fsync ?? true, (fs, temporary) =>
    // The temporary name goes with the rest of them: the file has its own by now.
    fs.link(temporary, path)
  )

/**
 * Puts this content in the place of whatever file was there, or creates it. A reader sees the old content or the new
 * one, also when this process is killed on the way; so does the next start after a power cut, with `fsync`.
 *
 * A symbolic link is replaced and not followed. Of two who replace at once, the later one stays.
 *
 * @example
 * ```ts
 * import * as AtomicFile from "@tether/host/AtomicFile"
 *
 * const save = (state: object) => AtomicFile.replace("/tmp/demo/state.json", JSON.stringify(state))
 * ```
 */
export const replace = (
  path: string,
  data: string | Uint8Array,
  options: Options = {}
): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const mode =
      options.mode ??
      (yield* Effect.orElseSucceed(
        Effect.map(fs.stat(path), (info) => info.mode & 0o777),
        () => 0o600
      ))
    yield* written("replace", path, data, mode, options.fsync ?? true, (fs, temporary) => fs.rename(temporary, path))
  })

const written = (
  action: string,
  path: string,
  data: string | Uint8Array,
  mode: number,
  fsync: Fsync,
  install: (fs: FileSystem.FileSystem, temporary: string) => ReturnType<FileSystem.FileSystem["rename"]>
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const temporary = join(directoryOf(path), temporaryName(nameOf(path)))
    yield* writeNew(fs, temporary, typeof data === "string" ? encoder.encode(data) : data, { mode, fsync }).pipe(
      Effect.zipRight(install(fs, temporary)),
      Effect.mapError(fileError(action, path)),
      Effect.ensuring(Effect.ignore(fs.remove(temporary, { force: true })))
    )
    if (fsync !== false) yield* syncDirectory(fs, directoryOf(path), fsync)
  })

const encoder = new TextEncoder()

const temporaryName = (name: string): string => `.${name}.${randomId()}.tmp`

/** Whether a name in the same directory is a temporary one of a file with this name. */
const isTemporaryOf = (name: string, candidate: string): boolean =>
  candidate.startsWith(`.${name}.`) && /^[0-9a-f]{24}\.tmp$/.test(candidate.slice(name.length + 2))

/**
 * Removes what writers that were killed have left beside a file: temporary files `.<name>.<24 hexadecimal digits>.tmp`
 * to which nobody has written for `olderThan` (default one minute; a write takes milliseconds). Gives their number.
 *
 * If the writer of one lives after all, its `create` or `replace` fails with the reason `NotFound`, and nothing is
 * broken.
 *
 * @example
 * ```ts
 * import * as AtomicFile from "@tether/host/AtomicFile"
 *
 * const tidy = AtomicFile.sweep("/tmp/demo/state.json")
 * ```
 */
export const sweep = (
  path: string,
  options: { readonly olderThan?: Duration.DurationInput | undefined } = {}
): Effect.Effect<number, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const directory = directoryOf(path)
    const names = yield* doing("look beside", path)(fs.readDirectory(directory))
    const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(options.olderThan ?? "1 minute")
    const left = yield* Effect.filter(
      names.filter((name) => isTemporaryOf(nameOf(path), name)),
      (name) =>
        Effect.orElseSucceed(
          Effect.flatMap(fs.stat(join(directory, name)), (info) =>
            Effect.map(
              FileTime.pastTime(join(directory, name), info),
              Option.exists((time) => time < before)
            )
          ),
          () => false
        )
    )
    yield* Effect.forEach(left, (name) => Effect.ignore(fs.remove(join(directory, name), { force: true })), {
      discard: true
    })
    return left.length
  })
