/**
 * Processes that could not be ended.
 */
import * as ProcessInfo from "@tether/host/ProcessInfo"
import * as Schema from "effect/Schema"
import * as ExitStatus from "./ExitStatus.js"
import { clip } from "./internal/text.js"

/**
 * A child was stopped by every step of its plan, SIGKILL included, and some of its processes still live: they run as
 * another user, or sit in an uninterruptible wait of the kernel. `survivors` names them; `status` is the leader's,
 * unless the leader is among them.
 *
 * @example
 * ```ts
 * import * as Supervise from "@tether/process/Supervise"
 * import * as Command from "@effect/platform/Command"
 * import * as Effect from "effect/Effect"
 *
 * const pids = Supervise.run(Command.make("make")).pipe(
 *   Effect.as([] as ReadonlyArray<number>),
 *   Effect.catchTag("SurvivorsError", (error) => Effect.succeed(error.survivors.map((survivor) => survivor.pid)))
 * )
 * ```
 */
export class SurvivorsError extends Schema.TaggedError<SurvivorsError>()("SurvivorsError", {
  label: Schema.String,
  survivors: Schema.Array(ProcessInfo.schema),
  status: Schema.UndefinedOr(ExitStatus.schema)
}) {
  /** What is still there, in one line. */
  override get message(): string {
    const named =
      this.survivors.length === 0
        ? "processes that cannot be named here"
        : this.survivors.map((survivor) => ProcessInfo.format(survivor)).join(", ")
    return `"${clip(this.label)}" was killed, and these are still alive: ${named}`
  }
}
