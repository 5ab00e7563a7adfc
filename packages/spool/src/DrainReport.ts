/**
 * What one pass over a spool has done.
 */
import * as Schema from "effect/Schema"

/**
 * - `filesDrained`: files that are settled and removed. `filesFailed`: files that were tried, and are kept because
 *   something in them was not taken.
 * - `inserted`, `reinforced`, `skipped`, `failed`: records, by the answers of the handler: new, known already, not
 *   wanted, not taken. A line that is no record counts as failed.
 * - `remaining`: files that are still to be drained, those that wait for their next try among them.
 * - `stoppedBy`: what ended the pass: there was nothing more (`end`), or it had its fill of `records`, `bytes` or
 *   `time`.
 *
 * @example
 * ```ts
 * import type { DrainReport } from "@tether/spool/DrainReport"
 *
 * const isIdle = (report: DrainReport) => report.stoppedBy === "end"
 * ```
 */
export const DrainReport = Schema.Struct({
  filesDrained: Schema.Int,
  filesFailed: Schema.Int,
  inserted: Schema.Int,
  reinforced: Schema.Int,
  skipped: Schema.Int,
  failed: Schema.Int,
  remaining: Schema.Int,
  stoppedBy: Schema.Literal("end", "records", "bytes", "time")
})

/**
 * The type of {@link DrainReport}.
 *
 * @example
 * ```ts
 * import type { DrainReport } from "@tether/spool/DrainReport"
 *
 * const words = (report: DrainReport) => `${report.filesDrained} files, ${report.remaining} are left`
 * ```
 */
export type DrainReport = typeof DrainReport.Type
