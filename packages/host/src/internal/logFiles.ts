/**
 * The files of a rotating file: `<path>` is the active one, `<path>.<number>` those before it. The highest number is
 * the youngest: a file keeps its name once it has one, so that readers are not overtaken by renames.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isNotFound } from "./fileErrors.js"
import { directoryOf, nameOf } from "./paths.js"

/** The path of a rotated file. */
export const rotatedPath = (path: string, number: number): string => `${path}.${number}`

/** The numbers of the rotated files, oldest first. */
export const numbers = (
  fs: FileSystem.FileSystem,
  path: string
): Effect.Effect<ReadonlyArray<number>, PlatformError> => {
  const prefix = `${nameOf(path)}.`
  return fs.readDirectory(directoryOf(path)).pipe(
    Effect.map((names) =>
      names
        .filter((name) => name.startsWith(prefix) && /^[1-9]\d{0,14}$/.test(name.slice(prefix.length)))
        .map((name) => Number(name.slice(prefix.length)))
        .sort((a, b) => a - b)
    ),
    Effect.catchIf(isNotFound, () => Effect.succeed([]))
  )
}

/** Tells a file from every other that exists at the same time, whatever its name. */
export const inode = (info: FileSystem.File.Info): string => `${info.dev}:${Option.getOrElse(info.ino, () => 0)}`

/** What is at this path now, or `undefined`. */
export const infoOf = (
  fs: FileSystem.FileSystem,
  path: string
): Effect.Effect<FileSystem.File.Info | undefined, PlatformError> =>
  Effect.catchIf(fs.stat(path), isNotFound, () => Effect.succeed(undefined))
