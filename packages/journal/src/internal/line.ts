/**
 * A record as a line, in either format; and a line of whichever format as a record.
 */
import * as Logfmt from "@tether/host/Logfmt"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ExitRecord } from "../ExitRecord.js"
import { fromFields, toFields } from "./fields.js"

export type Format = "logfmt" | "json"

const json = Schema.parseJson(ExitRecord)
const encodeJson = Schema.encodeSync(json)
const decodeJson = Schema.decodeOption(json)

export const toLine = (record: ExitRecord, format: Format): string =>
  format === "json" ? encodeJson(record).replace(lineBreaks, escaped) : Logfmt.encode(toFields(record))

// JSON leaves them as they are, and there are readers of lines that do not.
const lineBreaks = /[\u0085\u2028\u2029]/g

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

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
