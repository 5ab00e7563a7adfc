/**
 * What can be told of one process, for people and for records.
 */
import * as Schema from "effect/Schema"
import * as TerminalText from "./TerminalText.js"

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
 * Its command line as a terminal can show it (`TerminalText.sanitize`), in one line, and cut at `maxLength` characters
 * if that is given.
 *
 * @example
 * ```ts
 * import * as ProcessInfo from "@tether/host/ProcessInfo"
 *
 * ProcessInfo.commandLine({ pid: 4711, command: "sh -c a\nb", startedAt: undefined }) // "sh -c a␊b"
 * ```
 */
export const commandLine = ({ command }: ProcessInfo, maxLength = Number.POSITIVE_INFINITY): string =>
  TerminalText.sanitize(command.length > maxLength ? `${command.slice(0, maxLength)}…` : command)

/**
 * One process in a few words, `4711 (node)`, for logs and errors: its pid and its name, which is the first word of its
 * command line without the directory. Its arguments are not there: of a process that another program has started,
 * nobody here knows which of them are secret.
 *
 * @example
 * ```ts
 * import * as ProcessInfo from "@tether/host/ProcessInfo"
 *
 * ProcessInfo.format({ pid: 4711, command: "node server.js", startedAt: undefined }) // "4711 (node)"
 * ```
 */
export const format = (info: ProcessInfo): string =>
  `${info.pid} (${commandLine({ ...info, command: nameOf(info.command) }, 80)})`

/** Of one without a command line, its name in brackets; of one that shows a title, the title's first word. */
const nameOf = (command: string): string => {
  if (command.startsWith("[")) return command
  const [word = ""] = command.trim().split(/\s/, 1)
  return word.slice(word.lastIndexOf("/") + 1).replace(/:$/, "")
}
