/**
 * A record as a line, in either format; and a line of whichever format as a record.
 */
import * as Logfmt from "@tether/host/Logfmt"
import * as TerminalText from "@tether/host/TerminalText"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { ExitRecord } from "../ExitRecord.js"
import { fromFields, toFields } from "./fields.js"

export type Format = "logfmt" | "json"

const json = Schema.parseJson(ExitRecord)
const encodeJson = Schema.encodeSync(json)
const decodeJson = Schema.decodeOption(json)

/** What is wrong with a record that no reader would take for one. */
export const problemOf = (record: ExitRecord): string | undefined =>
  Either.match(validate(record), {
    onRight: () => undefined,
    onLeft: (error) =>
      ParseResult.ArrayFormatter.formatErrorSync(error)
        .map(({ message, path }) => `${path.map(String).join(".")}: ${message}`)
        .join("; ")
  })

const validate = Schema.validateEither(ExitRecord)

/** Of a record without a problem. Every character that could end a line, or harm a terminal, is escaped. */
export const toLine = (record: ExitRecord, format: Format): string =>
  format === "json" ? TerminalText.escapeJson(encodeJson(record)) : Logfmt.encode(toFields(record))

/** None for a line that is no record: torn, or from somebody else. */
export const fromLine = (line: string): Option.Option<ExitRecord> =>
  line.startsWith("{")
    ? decodeJson(line)
    : Option.flatMap(Either.getRight(Logfmt.decode(line)), (pairs) => fromFields(Logfmt.toRecord(pairs)))

/** What tells starts and ends, and which belong together: much less work than the record. */
export const peek = (line: string): Partial<Pick<ExitRecord, "ev" | "id" | "start">> =>
  line.startsWith("{")
    ? Option.getOrElse(decodeJson(line), () => ({}))
    : Either.match(Logfmt.decode(line), { onLeft: () => ({}), onRight: (pairs) => Logfmt.toRecord(pairs) })
