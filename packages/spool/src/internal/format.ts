/**
 * What is in a file of a spool: a header, and then a record a line.
 */
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/** A line may be so long, in bytes. A longer one is no record. */
export const maxLineBytes = 16 * 1024 * 1024

/** Whether a text would be such a line. A character has three bytes at most, for each of its units. */
export const isTooLong = (text: string): boolean =>
  text.length * 3 > maxLineBytes && Buffer.byteLength(text) > maxLineBytes

/** The first line. What else is in it belongs to whoever put the file. */
export const Header = Schema.Struct({ version: Schema.Int }, { key: Schema.String, value: Schema.Unknown })

export type Header = typeof Header.Type

const decodeHeader = Schema.decodeUnknownEither(Schema.parseJson(Header))

/** None of what is in the line is repeated: it may be a secret. */
export const parseHeader = (line: string | undefined): Either.Either<Header, string> =>
  line === undefined
    ? Either.left("its first line is too long")
    : Either.mapLeft(decodeHeader(line), () => "its first line is no header with a version")

/** How a line becomes a record. The value that is wrong is not repeated, only where it stands. */
export const makeParser = <A, I>(schema: Schema.Schema<A, I>): ((text: string) => Either.Either<A, string>) => {
  const decode = Schema.decodeUnknownEither(schema, { errors: "all" })
  return (text) =>
    Either.flatMap(Either.try({ try: (): unknown => JSON.parse(text), catch: () => "it is not JSON" }), (value) =>
      Either.flatMap(
        // What a schema is made of is written by others.
        Either.try({ try: () => decode(value), catch: () => "it is not a record: the schema throws" }),
        Either.mapLeft((error) => `it is not a record: ${whereOf(error)}`)
      )
    )
}

const whereOf = (error: ParseResult.ParseError): string => {
  const issues = ParseResult.ArrayFormatter.formatErrorSync(error)
  const places = Arr.dedupe(
    issues.map(({ path }) => (path.length === 0 ? "the whole line" : path.map(String).join(".")))
  )
  const more = places.length > mostNamed ? ` and ${places.length - mostNamed} more` : ""
  return `${places.slice(0, mostNamed).join(", ")}${more}`
}

const mostNamed = 5
