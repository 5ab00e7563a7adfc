/**
 * Why a child could not be started.
 */
import * as Schema from "effect/Schema"
import { clip, nameOf } from "./internal/text.js"

/**
 * The reasons for which a child is not started, each with what to do about it:
 *
 * - `NotFound`: no such program, or a script whose interpreter does not exist.
 * - `PermissionDenied`: the program may not be executed, or the user may not be changed.
 * - `ProgramBusy`: the program's file is open for writing somewhere; it may work later.
 * - `BadWorkingDirectory`: `cwd` is missing, is not a directory, or may not be entered.
 * - `BadFile`: a file that was to be one of its descriptors is missing, is a directory, or may not be opened so.
 * - `ArgumentListTooLong`: arguments and environment are over the system's limit; hand them over in a file or on stdin.
 * - `InvalidArgument`: the command or its options make no sense; `problems` names every one of them.
 * - `ResourceExhausted`: out of processes, descriptors or memory; it may work later.
 * - `Unsupported`: asked for something that this spawner or this system cannot do.
 * - `Unknown`: anything else; `code` has the system's word for it.
 *
 * @example
 * ```ts
 * import type { Reason } from "@tether/process/SpawnError"
 *
 * const mayWorkLater = (reason: Reason) => reason === "ResourceExhausted"
 * ```
 */
export const Reason = Schema.Literal(
  "NotFound",
  "PermissionDenied",
  "ProgramBusy",
  "BadWorkingDirectory",
  "BadFile",
  "ArgumentListTooLong",
  "InvalidArgument",
  "ResourceExhausted",
  "Unsupported",
  "Unknown"
)

/**
 * The type of {@link Reason}.
 *
 * @example
 * ```ts
 * import type { Reason } from "@tether/process/SpawnError"
 *
 * const reason: Reason = "NotFound"
 * ```
 */
export type Reason = typeof Reason.Type

/**
 * A child was not started. Nothing runs and nothing is left open. Secrets are replaced in every field.
 *
 * `problems` says what is wrong, one sentence each: all of them for bad input, one for a refusal of the system; `code`
 * is the system's name for it (`"ENOENT"`), where there is one.
 *
 * @example
 * ```ts
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 * import * as Effect from "effect/Effect"
 *
 * const version = Supervise.run(Command.make("git", "--version")).pipe(
 *   Effect.catchTag("SpawnError", (error) => error.reason === "NotFound" ? Effect.void : Effect.fail(error))
 * )
 * ```
 */
export class SpawnError extends Schema.TaggedError<SpawnError>()("SpawnError", {
  reason: Reason,
  label: Schema.String,
  command: Schema.String,
  args: Schema.Array(Schema.String),
  cwd: Schema.UndefinedOr(Schema.String),
  problems: Schema.Array(Schema.String),
  code: Schema.UndefinedOr(Schema.String)
}) {
  /** What happened, to which command, in one line. */
  override get message(): string {
    const code = this.code === undefined ? "" : ` (${clip(this.code)})`
    return `cannot start ${nameOf(this.label, [this.command, ...this.args])}: ${this.problems.map((problem) => clip(problem, 400)).join("; ")}${code}`
  }
}
