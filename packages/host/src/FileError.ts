/**
 * Why something could not be done with a file.
 */
import * as Schema from "effect/Schema"
import * as TerminalText from "./TerminalText.js"

/**
 * The reasons for which a file cannot be used:
 *
 * - `NotFound`: it, or a directory on the way to it, does not exist.
 * - `AlreadyExists`: it was to be created, and is there.
 * - `PermissionDenied`: this user may not.
 * - `NoSpace`: the disk, or the user's share of it, is full. It may work later.
 * - `ReadOnly`: its file system takes no writes.
 * - `TooManyFiles`: this process or the machine is out of descriptors. It may work later.
 * - `Unsupported`: its file system cannot do that (hard links, for one).
 * - `NotPrivate`: a directory that must be ours alone belongs to somebody else, or is open to others.
 * - `Invalid`: the path, or what was to be written, makes no sense.
 * - `Unknown`: anything else; `code` has the system's word for it.
 *
 * @example
 * ```ts
 * import type { Reason } from "@tether/host/FileError"
 *
 * const mayWorkLater = (reason: Reason) => reason === "NoSpace" || reason === "TooManyFiles"
 * ```
 */
export const Reason = Schema.Literal(
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "NoSpace",
  "ReadOnly",
  "TooManyFiles",
  "Unsupported",
  "NotPrivate",
  "Invalid",
  "Unknown"
)

/**
 * The type of {@link Reason}.
 *
 * @example
 * ```ts
 * import type { Reason } from "@tether/host/FileError"
 *
 * const reason: Reason = "NoSpace"
 * ```
 */
export type Reason = typeof Reason.Type

/**
 * Something could not be done with a file. `action` says what, as in "append to"; `problem` says why, in words; `code`
 * is the system's name for it (`"ENOSPC"`), where there is one.
 *
 * @example
 * ```ts
 * import * as AtomicFile from "@tether/host/AtomicFile"
 * import * as Effect from "effect/Effect"
 *
 * const write = AtomicFile.replace("/var/lib/demo/state", "on\n").pipe(
 *   Effect.catchTag("FileError", (error) =>
 *     error.reason === "NoSpace" ? Effect.logError(error.message) : Effect.fail(error)
 *   )
 * )
 * ```
 */
export class FileError extends Schema.TaggedError<FileError>()("FileError", {
  reason: Reason,
  action: Schema.String,
  path: Schema.String,
  problem: Schema.String,
  code: Schema.UndefinedOr(Schema.String)
}) {
  /** What could not be done, with which file, and why, in one line. */
  override get message(): string {
    const code = this.code === undefined ? "" : ` (${this.code})`
    return `cannot ${this.action} ${TerminalText.quote(this.path)}: ${TerminalText.sanitize(this.problem)}${code}`
  }
}
