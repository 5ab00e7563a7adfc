/**
 * What a daemon is asked over its socket, and what it answers: JSON, a line each. A `put` is followed by as many lines
 * as it has records; an answer has the `id` of what it answers, if that had one.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { Header } from "./format.js"

export const protocolVersion = 1

/** A request may have so many records, and so many bytes in all: it is kept in memory until it is whole. */
export const most = { records: 100_000, bytes: 32 * 1024 * 1024 }

const Request = Schema.Union(
  Schema.Struct({
    v: Schema.Int,
    id: Schema.optional(Schema.Int),
    op: Schema.Literal("put"),
    header: Header,
    records: Schema.Int.pipe(Schema.between(0, most.records))
  }),
  Schema.Struct({ v: Schema.Int, id: Schema.optional(Schema.Int), op: Schema.Literal("ping", "drain") })
)

export type Request = typeof Request.Type

const decode = Schema.decodeUnknownEither(Schema.parseJson(Request))

export const parseRequest = (line: string | undefined): Either.Either<Request, string> =>
  line === undefined
    ? Either.left("the request is too long")
    : Either.flatMap(
        Either.mapLeft(decode(line), () => "this is no request"),
        (request) =>
          request.v === protocolVersion
            ? Either.right(request)
            : Either.left(`this daemon speaks version ${protocolVersion}, and not ${request.v}`)
      )

export const answerLine = (id: number | undefined, fields: object): string =>
  `${JSON.stringify({ v: protocolVersion, ...(id !== undefined && { id }), ...fields })}\n`
