/**
 * How a child's leader ended. Why it ended, and who did it, is told elsewhere (`EndedBy`).
 */
import * as Data from "effect/Data"
import * as Schema from "effect/Schema"

/**
 * The leader ran to an end of its own with this code, 0 to 255. `Exited` with code 137 is not a death by SIGKILL: a
 * shell that lost a child to SIGKILL exits so.
 *
 * @example
 * ```ts
 * import * as ExitStatus from "@tether/process/ExitStatus"
 *
 * const success: ExitStatus.Exited = ExitStatus.Exited(0)
 * ```
 */
export interface Exited {
  readonly _tag: "Exited"
  readonly code: number
}

/**
 * A signal ended the leader, named as the system names it (`"SIGKILL"`). Node does not tell whether a core was written,
 * and tells a death by a real-time signal (34 to 64 on Linux) as exit code 0.
 *
 * @example
 * ```ts
 * import * as ExitStatus from "@tether/process/ExitStatus"
 *
 * const killed: ExitStatus.Signaled = ExitStatus.Signaled("SIGKILL")
 * ```
 */
export interface Signaled {
  readonly _tag: "Signaled"
  readonly signal: string
}

/**
 * How a child's leader ended: by itself with a code, or by a signal.
 *
 * @example
 * ```ts
 * import type { ExitStatus } from "@tether/process/ExitStatus"
 *
 * const succeeded = (status: ExitStatus) => status._tag === "Exited" && status.code === 0
 * ```
 */
export type ExitStatus = Exited | Signaled

/**
 * An {@link Exited} with this code. Two with the same code are equal by `Equal.equals`.
 *
 * @example
 * ```ts
 * import * as ExitStatus from "@tether/process/ExitStatus"
 *
 * const grepFoundNothing = ExitStatus.Exited(1)
 * ```
 */
export const Exited = (code: number): Exited => Data.struct({ _tag: "Exited" as const, code })

/**
 * A {@link Signaled} by this signal. Two by the same signal are equal by `Equal.equals`.
 *
 * @example
 * ```ts
 * import * as ExitStatus from "@tether/process/ExitStatus"
 *
 * const brokenPipe = ExitStatus.Signaled("SIGPIPE")
 * ```
 */
export const Signaled = (signal: string): Signaled => Data.struct({ _tag: "Signaled" as const, signal })

/**
 * The schema of {@link ExitStatus}, for errors and records that carry one.
 *
 * @example
 * ```ts
 * import * as ExitStatus from "@tether/process/ExitStatus"
 * import * as Schema from "effect/Schema"
 *
 * const json = Schema.encodeSync(Schema.parseJson(ExitStatus.schema))(ExitStatus.Exited(3))
 * ```
 */
export const schema: Schema.Schema<ExitStatus> = Schema.Union(
  Schema.TaggedStruct("Exited", { code: Schema.Int }),
  Schema.TaggedStruct("Signaled", { signal: Schema.String })
)

/**
 * Whether two statuses are the same end.
 *
 * @example
 * ```ts
 * import * as ExitStatus from "@tether/process/ExitStatus"
 *
 * ExitStatus.equals(ExitStatus.Exited(137), ExitStatus.Signaled("SIGKILL")) // false
 * ```
 */
export const equals = (self: ExitStatus, that: ExitStatus): boolean =>
  self._tag === "Exited"
    ? that._tag === "Exited" && self.code === that.code
    : that._tag === "Signaled" && self.signal === that.signal

/**
 * A status in words that follow a name: `exited with code 3`, `was ended by SIGKILL`.
 *
 * @example
 * ```ts
 * import * as ExitStatus from "@tether/process/ExitStatus"
 *
 * console.log(`"build" ${ExitStatus.format(ExitStatus.Exited(3))}`) // "build" exited with code 3
 * ```
 */
export const format = (status: ExitStatus): string =>
  status._tag === "Exited" ? `exited with code ${status.code}` : `was ended by ${status.signal}`
