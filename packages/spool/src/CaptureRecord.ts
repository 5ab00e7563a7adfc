/**
 * What is in a deferral of a session.
 */
import * as Schema from "effect/Schema"

/**
 * The first line of a deferral.
 *
 * @example
 * ```ts
 * import type { CaptureHeader } from "@tether/spool/CaptureRecord"
 *
 * const session = (header: CaptureHeader) => header.session_id
 * ```
 */
export interface CaptureHeader {
  readonly version: number
  readonly session_id: string
  readonly deferred_at: string
  readonly cwd: string
}

/**
 * What was said in one turn. `key` is the same for the same turn of the same session, whenever it is captured.
 *
 * @example
 * ```ts
 * import { CaptureEvent } from "@tether/spool/CaptureRecord"
 * import * as Schema from "effect/Schema"
 *
 * const isEvent = Schema.is(CaptureEvent)
 * ```
 */
export const CaptureEvent = Schema.Struct({
  text: Schema.String,
  cue: Schema.String,
  tier: Schema.Literal("episodic"),
  role: Schema.Literal("user", "assistant"),
  ts: Schema.String,
  key: Schema.String
})

/**
 * The type of {@link CaptureEvent}.
 *
 * @example
 * ```ts
 * import type { CaptureEvent } from "@tether/spool/CaptureRecord"
 *
 * const isQuestion = (event: CaptureEvent) => event.role === "user"
 * ```
 */
export type CaptureEvent = typeof CaptureEvent.Type
