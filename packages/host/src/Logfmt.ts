/**
 * Records of one line, `key=value key="a value"`, for people, `grep` and programs alike.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { escape, isBare, readQuoted } from "./internal/logfmtValue.js"
import * as TerminalText from "./TerminalText.js"

/**
 * One field of a record.
 *
 * @example
 * ```ts
 * import type { Pair } from "@tether/host/Logfmt"
 *
 * const pid: Pair = ["pid", "4711"]
 * ```
 */
export type Pair = readonly [key: string, value: string]

/**
 * A line is not logfmt as `encode` makes it. `offset` is where in the line it stops being so, in UTF-16 units.
 *
 * @example
 * ```ts
 * import * as Logfmt from "@tether/host/Logfmt"
 * import * as Either from "effect/Either"
 *
 * const result = Logfmt.decode(`pid=4711 label="dev`)
 * if (Either.isLeft(result)) console.log(result.left.message)
 * // not logfmt at offset 15: the quoted value has no end
 * ```
 */
export class LogfmtError extends Schema.TaggedError<LogfmtError>()("LogfmtError", {
  offset: Schema.Int,
  problem: Schema.String
}) {
  /** What is wrong, and where. The line itself is not in it: it may be long, and a secret may be in it. */
  override get message(): string {
    return `not logfmt at offset ${this.offset}: ${this.problem}`
  }
}

/**
 * Whether a text can be the key of a field: it is not empty and has no white space, `=`, `"`, backslash, control
 * character, direction override or lone surrogate.
 *
 * @example
 * ```ts
 * import * as Logfmt from "@tether/host/Logfmt"
 *
 * Logfmt.isKey("dead_signal") // true
 * Logfmt.isKey("dead signal") // false
 * ```
 */
export const isKey = (text: string): boolean => text !== "" && isBare(text)

/**
 * A record as one line, without the newline. Fields keep their order, and a field may occur twice.
 *
 * A value is quoted if it contains white space, `"`, `=`, a backslash (which readers might take for an escape) or a
 * control character. Within quotes, `\`, `"` and newlines are escaped, and so is everything at which some reader breaks
 * a line or which a terminal obeys: control characters (U+0085 too), U+2028, U+2029 and direction overrides. Lone
 * surrogates are escaped, because UTF-8 has no bytes for them. An empty value is nothing at all: `key=`.
 *
 * `decode` gives back exactly what went in, for every record. A key that `isKey` refuses throws a `TypeError`: keys are
 * written by programmers.
 *
 * @example
 * ```ts
 * import * as Logfmt from "@tether/host/Logfmt"
 *
 * Logfmt.encode([["pid", "4711"], ["label", "dev server"], ["signal", ""]]) // pid=4711 label="dev server" signal=
 * Logfmt.encode({ pid: "4711", code: "0" }) // pid=4711 code=0
 * ```
 */
export const encode = (record: ReadonlyArray<Pair> | Readonly<Record<string, string>>): string => {
  const pairs: ReadonlyArray<Pair> = isPairs(record) ? record : Object.entries(record)
  let line = ""
  for (const [key, value] of pairs) {
    if (!isKey(key)) throw new TypeError(`no key for logfmt: ${TerminalText.quote(key)}`)
    const field = isBare(value) ? `${key}=${value}` : `${key}="${escape(value)}"`
    line = line === "" ? field : `${line} ${field}`
  }
  return line
}

const isPairs = (record: ReadonlyArray<Pair> | Readonly<Record<string, string>>): record is ReadonlyArray<Pair> =>
  Array.isArray(record)

/**
 * The fields of a line that `encode` made, in their order. A line of nothing but spaces is a record without fields.
 *
 * It is as strict as `encode`: half a line, or a line with another glued to it, is almost always found out. It allows
 * more than one space between fields, and values in quotes that need none.
 *
 * @example
 * ```ts
 * import * as Logfmt from "@tether/host/Logfmt"
 *
 * Logfmt.decode(`pid=4711 label="dev server"`) // Either.right([["pid", "4711"], ["label", "dev server"]])
 * ```
 */
export const decode = (line: string): Either.Either<ReadonlyArray<Pair>, LogfmtError> => {
  const pairs: Array<Pair> = []
  let at = 0
  while (true) {
    while (line.charCodeAt(at) === space) at++
    if (at >= line.length) return Either.right(pairs)
    const equals = line.indexOf("=", at)
    if (equals === -1) return wrong(at, "a field has no =")
    const key = line.slice(at, equals)
    if (!isKey(key)) return wrong(at, "this is no key")
    at = equals + 1
    if (line.charCodeAt(at) === quote) {
      const found = readQuoted(line, at)
      if (typeof found.value !== "string") return wrong(found.end, found.value.problem)
      pairs.push([key, found.value])
      at = found.end
      if (at < line.length && line.charCodeAt(at) !== space) return wrong(at, "no space follows the quoted value")
    } else {
      const blank = line.indexOf(" ", at)
      const end = blank === -1 ? line.length : blank
      const value = line.slice(at, end)
      if (!isBare(value)) return wrong(at, "this value needs quotes")
      pairs.push([key, value])
      at = end
    }
  }
}

const space = 0x20
const quote = 0x22

const wrong = (offset: number, problem: string) => Either.left(new LogfmtError({ offset, problem }))

/**
 * The fields by their names. Of a field that occurs twice, the last counts.
 *
 * @example
 * ```ts
 * import * as Logfmt from "@tether/host/Logfmt"
 * import * as Either from "effect/Either"
 *
 * const code = Either.map(Logfmt.decode("pid=4711 code=0"), (pairs) => Logfmt.toRecord(pairs)["code"])
 * ```
 */
export const toRecord = (pairs: ReadonlyArray<Pair>): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(pairs)
