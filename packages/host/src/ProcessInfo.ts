/**
 * What can be told of one process, for people and for records.
 */
import * as Schema from "effect/Schema"

/**
 * One process as a report or an error names it: its pid, the command line it runs, and when it was started, in
 * milliseconds since the epoch, where the system tells.
 *
 * @example
 * ```ts
 * import type { ProcessInfo } from "@tether/host/ProcessInfo"
 *
 * const server: ProcessInfo = { pid: 4711, command: "node server.js", startedAt: undefined }
 * ```
 */
export interface ProcessInfo {
  readonly pid: number
  readonly command: string
  readonly startedAt: number | undefined
}

/**
 * The schema of {@link ProcessInfo}, for errors and records that carry one.
 *
 * @example
 * ```ts
 * import * as ProcessInfo from "@tether/host/ProcessInfo"
 * import * as Schema from "effect/Schema"
 *
 * const decode = Schema.decodeUnknown(ProcessInfo.schema)
 * ```
 */
export const schema: Schema.Schema<ProcessInfo> = Schema.Struct({
  pid: Schema.Int,
  command: Schema.String,
  startedAt: Schema.UndefinedOr(Schema.Number)
})

/**
 * Its command line as a terminal can show it: in one line, without control characters, and cut at `maxLength`
 * characters if that is given.
 *
 * @example
 * ```ts
 * import * as ProcessInfo from "@tether/host/ProcessInfo"
 *
 * ProcessInfo.commandLine({ pid: 4711, command: "sh -c a\nb", startedAt: undefined }) // "sh -c a\ufffdb"
 * ```
 */
export const commandLine = ({ command }: ProcessInfo, maxLength = Number.POSITIVE_INFINITY): string =>
  (command.length > maxLength ? `${command.slice(0, maxLength)}…` : command).replace(unprintable, "\ufffd")

/**
 * One process in a few words, `4711 (node server.js)`, with a long command line cut at `maxLength` characters
 * (default 80) and without control characters.
 *
 * @example
 * ```ts
 * import * as ProcessInfo from "@tether/host/ProcessInfo"
 *
 * ProcessInfo.format({ pid: 4711, command: "node server.js", startedAt: undefined }) // "4711 (node server.js)"
 * ```
 */
export const format = (info: ProcessInfo, maxLength = 80): string => `${info.pid} (${commandLine(info, maxLength)})`

// A process names itself as it likes, and a terminal obeys what it is shown.
const unprintable = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g
