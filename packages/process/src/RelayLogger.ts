/**
 * A logger for terminals: each entry of a child behind the child's label, aligned and in a colour of its own.
 */
import * as TerminalText from "@tether/host/TerminalText"
import * as Cause from "effect/Cause"
import * as HashMap from "effect/HashMap"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import picocolors from "picocolors"
import stringWidth from "string-width"
import type { StreamName } from "./ChildDriver.js"
import { IO, prefix } from "./Relay.js"

/**
 * How the logger writes. All optional.
 *
 * - `colour`: default false, because only the program knows whether its output is a terminal that wants any.
 * - `labels`: labels known beforehand, so that the first line is aligned already. The column grows with longer ones.
 * - `maxLabelWidth`: a longer label is cut, in terminal columns. Default 24.
 * - `write`: takes each entry, without its last newline. Default: the `Console` of the program.
 *
 * @example
 * ```ts
 * import type { Options } from "@tether/process/RelayLogger"
 *
 * const options: Options = { colour: process.stdout.isTTY, labels: ["api", "worker"] }
 * ```
 */
export interface Options {
  readonly colour?: boolean | undefined
  readonly labels?: ReadonlyArray<string> | undefined
  readonly maxLabelWidth?: number | undefined
  readonly write?: ((entry: string) => void) | undefined
}

type Entry = Logger.Logger.Options<unknown>
type Colours = ReturnType<typeof picocolors.createColors>

/**
 * The logger. A relayed line reads `label │ line`, with `┃` for stderr; every other entry that is annotated with a
 * `label` stands behind it too, after the name of its level, and the rest stand behind an empty one.
 *
 * @example
 * ```ts
 * import * as RelayLogger from "@tether/process/RelayLogger"
 * import * as Logger from "effect/Logger"
 *
 * const alongside = Logger.zip(Logger.stringLogger, RelayLogger.make())
 * ```
 */
export const make = (options: Options = {}): Logger.Logger<unknown, void> => {
  const colours = picocolors.createColors(options.colour ?? false)
  const maxWidth = options.maxLabelWidth ?? 24
  const labels = makeLabels(colours, maxWidth)
  for (const label of options.labels ?? []) labels.column(label)
  const format = Logger.make((entry): string => {
    const label = annotation(entry, "label")
    const stream = annotation(entry, "stream")
    const isRelayed = entry.logLevel.label === IO.label && label !== undefined && stream !== undefined
    const column = labels.column(label ?? "")
    if (isRelayed) {
      const bar = stream === "stderr" ? colours.red("┃") : colours.dim("│")
      const text = textOf(entry).slice(prefix(label, stream as StreamName).length)
      return `${column} ${bar} ${text}`
    }
    const bar = colours.dim("·")
    const [first = "", ...rest] = [
      ...textOf(entry).split("\n"),
      ...(Cause.isEmpty(entry.cause) ? [] : Cause.pretty(entry.cause, { renderErrorCause: true }).split("\n"))
    ]
    return [
      `${column} ${bar} ${levelName(entry.logLevel, colours)} ${first}`,
      ...rest.map((line) => `${column} ${bar}   ${line}`)
    ].join("\n")
  })
  return options.write === undefined ? Logger.withConsoleLog(format) : Logger.map(format, options.write)
}

/**
 * The logger in place of Effect's default one, and of the pretty one that `NodeRuntime.runMain` puts in its place.
 *
 * @example
 * ```ts
 * import * as RelayLogger from "@tether/process/RelayLogger"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.log("hello").pipe(
 *   Effect.provide(RelayLogger.layer({ colour: process.stdout.isTTY && process.env["NO_COLOR"] === undefined }))
 * )
 * ```
 */
export const layer = (options: Options = {}): Layer.Layer<never> =>
  Layer.merge(Logger.remove(Logger.prettyLoggerDefault), Logger.replace(Logger.defaultLogger, make(options)))

const makeLabels = (colours: Colours, maxWidth: number) => {
  const palette = [colours.cyan, colours.yellow, colours.green, colours.magenta, colours.blue]
  const known = new Map<string, (text: string) => string>()
  let width = 0
  return {
    column: (label: string): string => {
      const shown = cutToWidth(TerminalText.sanitize(label), maxWidth)
      width = Math.max(width, stringWidth(shown))
      const padded = shown + " ".repeat(width - stringWidth(shown))
      if (label === "") return padded
      const paint = known.get(label) ?? (palette[known.size % palette.length] as (text: string) => string)
      known.set(label, paint)
      return paint(padded)
    }
  }
}

const cutToWidth = (text: string, width: number): string => {
  if (stringWidth(text) <= width) return text
  let cut = ""
  for (const character of text) {
    if (stringWidth(cut + character) > width - 1) break
    cut += character
  }
  return `${cut}…`
}

const levelName = (level: LogLevel.LogLevel, colours: Colours): string => {
  const name = level.label.toLowerCase()
  if (LogLevel.greaterThanEqual(level, LogLevel.Error)) return colours.red(name)
  return LogLevel.greaterThanEqual(level, LogLevel.Warning) ? colours.yellow(name) : colours.dim(name)
}

const annotation = (entry: Entry, name: string): string | undefined => {
  const value = Option.getOrUndefined(HashMap.get(entry.annotations, name))
  return typeof value === "string" ? value : undefined
}

const textOf = (entry: Entry): string =>
  (Array.isArray(entry.message) ? entry.message : [entry.message])
    .map((part) => (typeof part === "string" ? part : Inspectable.toStringUnknown(part, 0)))
    .join(" ")
