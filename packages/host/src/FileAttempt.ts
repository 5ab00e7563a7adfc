/**
 * What a file system says, as a `FileError`, for packages that do more with files than this one.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as Effect from "effect/Effect"
import type { FileError, Reason } from "./FileError.js"
import * as fileErrors from "./internal/fileErrors.js"

/**
 * Gives the errors of the file system words for people: what was to be done, to which file, and why that could not be.
 * A `FileError` stays as it is.
 *
 * @example
 * ```ts
 * import * as FileSystem from "@effect/platform/FileSystem"
 * import * as FileAttempt from "@tether/host/FileAttempt"
 * import * as Effect from "effect/Effect"
 *
 * const names = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory("/tmp/demo")).pipe(
 *   FileAttempt.attempt("list", "/tmp/demo")
 * )
 * ```
 */
export const attempt = (
  action: string,
  path: string
): (<A, R>(effect: Effect.Effect<A, PlatformError | FileError, R>) => Effect.Effect<A, FileError, R>) =>
  fileErrors.doing(action, path)

/**
 * The same for what was found to be wrong without asking the file system.
 *
 * @example
 * ```ts
 * import * as FileAttempt from "@tether/host/FileAttempt"
 *
 * const error = FileAttempt.refused("read", "/tmp/demo", "Invalid", "it is a directory")
 * console.log(error.message) // cannot read "/tmp/demo": it is a directory
 * ```
 */
export const refused = (action: string, path: string, reason: Reason, problem: string): FileError =>
  fileErrors.refused(action, path, reason, problem)

/**
 * Whether something is not there, which is an answer to many a question.
 *
 * @example
 * ```ts
 * import * as FileSystem from "@effect/platform/FileSystem"
 * import * as FileAttempt from "@tether/host/FileAttempt"
 * import * as Effect from "effect/Effect"
 *
 * const namesIfAny = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory("/tmp/demo")).pipe(
 *   Effect.catchIf(FileAttempt.isNotFound, () => Effect.succeed([]))
 * )
 * ```
 */
export const isNotFound = (error: PlatformError | FileError): boolean => fileErrors.isNotFound(error)
